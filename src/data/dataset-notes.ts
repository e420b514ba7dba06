/** Sentences on what was found in data files, for a person who trains or scores with them. */
import { offsetMinutes } from "./clock-time.js";
import type { ColumnRoles } from "./column-roles.js";
import type { DataFile } from "./data-file.js";
import type { FoundReadings } from "./feature-readings.js";
import type { LeftOut } from "./header.js";
import { isLabelName, listNames, zoneOfName } from "./names.js";
import { EXCLUDED } from "./plan.js";
import { ELAPSED_CLOCK } from "./time-format.js";

interface NoteOptions extends ColumnRoles {
  readonly header?: boolean | undefined;
  readonly timeZone?: string | undefined;
}

/** Sentences on one file: its header, the columns that are left out, and those that look like labels. */
export function describeTable(file: DataFile, leftOut: readonly LeftOut[], options: NoteOptions): string[] {
  const notes = [...file.notes];
  if (options.header === undefined && !file.header) {
    notes.push(
      `${file.file} has no header: its first line is numbers, so its columns are ${file.features[0]?.name ?? "c0"}, ... (--header takes the line as names).`,
    );
  }
  if (file.time?.format.kind === "elapsed") {
    notes.push(
      `${file.file}: "${file.time.name}" is taken as elapsed time: it orders the rows and shows gaps, and is not learnt from${file.time.format.name === ELAPSED_CLOCK ? " (a day is added where it passes midnight)" : ""}.`,
    );
  }
  notes.push(...describeZones(file, options));
  if (options.columns !== undefined) return notes;
  for (const { name, reason } of leftOut) {
    if (reason !== EXCLUDED) notes.push(`${file.file}: "${name}" is left out: ${reason}.`);
  }
  const labels = file.features.filter(
    ({ name, values }) =>
      isLabelName(name) && values.every((value) => value === 0 || value === 1 || Number.isNaN(value)),
  );
  if (labels.length > 0) {
    notes.push(
      `${file.file}: ${listNames(labels.map(({ name }) => name))} would be learnt from like any reading; if it is a label, name it with --label-column or choose features with --columns.`,
    );
  }
  return notes;
}

/** Sentences on the zone of times, where the file says it for some of them, or in the name of their column alone. */
function describeZones({ file, time }: DataFile, { timeZone }: NoteOptions): string[] {
  const { without, written } = time?.format.zones?.() ?? { without: 0, written: 0 };
  if (time === undefined || without === 0) return [];
  const named = timeZone === undefined ? zoneOfName(time.name)?.zone : undefined;
  const zone = timeZone ?? named ?? "UTC";
  if (written > 0) {
    return [
      `${file}: ${written} times of "${time.name}" name a zone and ${without} do not; these are taken as ${zone} (--time-zone names another).`,
    ];
  }
  const word = timeZone === undefined ? /[[(]([A-Z]{2,5})[\])]/.exec(time.name)?.[1] : undefined;
  if (named === undefined && word !== undefined && (offsetMinutes(word) ?? 0) !== 0) {
    return [
      `${file}: the name of "${time.name}" says ${word}, and its times are taken as UTC: --time-zone, such as Europe/Berlin, reads them as times of that zone.`,
    ];
  }
  if (named === undefined) return [];
  return [
    `${file}: the times are taken as ${named}, as the name of "${time.name}" says (--time-zone names another).`,
  ];
}

/** Of a feature with at most so many different whole numbers, among at least so many rows, a note is made. */
const FEW = 5;
const MANY_ROWS = 50;

/** The name of a column of quality codes: such a one is noted though all rows have the same. */
const QUALITY_NAME = /(^|[^a-z])(quality|qual|qc|validity|valid|status|flags?|g(ü|ue)te)([^a-z]|$)/i;

/** Sentences on the readings of each feature: what was taken for missing, and what looks odd. */
export function describeReadings(
  features: readonly string[],
  readings: readonly FoundReadings[],
  file: DataFile,
  options: NoteOptions,
): string[] {
  const notes = features.flatMap((name, index) => {
    const { sentinels, far } = readings[index]!;
    const own = sentinels.map(
      ({ value, count }) =>
        `"${name}": ${value} (${count} rows) is taken for a missing reading; --keep-values ${value} keeps it.`,
    );
    if (far !== undefined) {
      const often = far.count === 1 ? "once" : `${far.count} times`;
      own.push(
        `"${name}": ${far.value} occurs ${often}, far from all other readings; if it stands for a missing one, --missing ${far.value} says so.`,
      );
    }
    return own;
  });
  if (options.columns !== undefined) return notes;
  const codes = features.flatMap((name, index) => {
    const { distinct, missing } = readings[index]!.statistics;
    const { plan, values } = file.features[index]!;
    const isFew =
      (distinct > 1 || QUALITY_NAME.test(name)) && distinct <= FEW && file.rows - missing >= MANY_ROWS;
    if (!isFew || plan?.kind === "flag" || isLabelName(name)) return [];
    const different = [...new Set(values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    return different.every(Number.isInteger) ? [{ name, shown: different.join(", "), distinct }] : [];
  });
  const [first] = codes;
  if (first === undefined) return notes;
  const which =
    codes.length === 1
      ? `"${first.name}" has only ${first.distinct === 1 ? "one value" : `${first.distinct} different values`} (${first.shown}); if it is a code, such as one of quality, --exclude leaves it out.`
      : `${listNames(codes.map(({ name }) => name))} have only a few different whole values, such as ${first.shown}; if they are codes, such as those of quality, --exclude leaves them out.`;
  return [...notes, which];
}
