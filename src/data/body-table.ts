/** One series in the body of a request, as CSV or JSON lines: read as the files that the model was trained on were. */
import { InputError } from "../errors.js";
import { quoteCell } from "./cell.js";
import { ROLE_NAMES } from "./column-roles.js";
import { type DataFile, readDataFile } from "./data-file.js";
import { type DataSection, modelDatasetOptions, readDataSection } from "./data-section.js";
import { MissingCells } from "./missing.js";
import { listNames, zoneOfName } from "./names.js";
import { notFiniteHint } from "./records.js";
import { bytesSource } from "./source.js";

/** What messages call the body. */
const NAME = "body";

/** A written time with its zone behind the time of day. */
const WITH_ZONE = /:\d{2}.*?(?:Z|[+-]\d{2}(?::?\d{2})?|\b(?!AM|PM)[A-Z]{2,5})$/i;

/** A model as far as reading concerns it. */
export interface ReadingManifest {
  readonly features: readonly { readonly name: string }[];
}

/** A series that was read. */
export interface BodyTable {
  readonly rows: number;
  /** [rows, F], in the model's order; NaN where a reading is missing. */
  readonly values: Float64Array;
  /** [rows], increasing; undefined where the body has no times. */
  readonly timestampsMs: Float64Array | undefined;
  /** The longest step that is no gap, where the model was trained with one. */
  readonly maxGapMs: number | undefined;
  /** Sentences on what was found out. */
  readonly notes: readonly string[];
}

/**
 * Reads a body of text. The model's section `data` says how: which cells and numbers stand for no reading, the columns of
 * time, group, tag and value, the decimal mark, the format and zone of times. Columns that are no features are passed over.
 *
 * @param text UTF-8, or what files may be in; compressed bytes are not decompressed.
 * @param format `csv`: with a header, in any dialect; `ndjson`: an object a line, or an array a line in the model's order.
 * @throws InputError, naming line and column, where a feature is missing or a cell cannot be read, where the times do not
 *   increase, or the rows are of several groups.
 */
export async function readBodyTable(
  text: Uint8Array,
  format: "csv" | "ndjson",
  manifest: ReadingManifest,
): Promise<BodyTable> {
  const section = readDataSection(manifest);
  const names = manifest.features.map(({ name }) => name);
  const maxGap = section?.reading.maxGap;
  const maxGapMs = maxGap === undefined ? undefined : maxGap * 1000;
  if (format === "ndjson" && /^\s*\[/.test(Buffer.from(text.subarray(0, 4096)).toString("utf8"))) {
    return { ...readArrays(text, names, section), timestampsMs: undefined, maxGapMs, notes: [] };
  }
  const file = await readDataFile(bytesSource(NAME, text), {
    ...modelDatasetOptions(section, timeColumns(section)),
    columns: names,
    keepTimeText: true,
    usualRoles: ROLE_NAMES,
  });
  checkOneGroup(file);
  checkTimes(file);
  const notes = [...file.notes];
  const values = new Float64Array(file.rows * names.length);
  file.features.forEach((feature, index) => {
    const sentinels = new Set(section?.sentinels[names[index]!]);
    let missing = 0;
    feature.values.forEach((value, row) => {
      const isMissing = sentinels.has(value);
      if (isMissing) missing++;
      values[row * names.length + index] = isMissing ? Number.NaN : value;
    });
    if (missing > 0)
      notes.push(
        `"${names[index]}": ${missing === 1 ? "1 reading is" : `${missing} readings are`} taken for missing, as in training.`,
      );
  });
  if (file.time?.format.kind === "written" && file.time.text.some((cell) => !WITH_ZONE.test(cell))) {
    const zone = section?.reading.timeZone ?? zoneOfName(file.time.name)?.zone ?? "UTC";
    notes.push(`Times without a zone are taken as those of ${zone}.`);
  }
  return { rows: file.rows, values, timestampsMs: file.time?.ms, maxGapMs, notes };
}

/** The columns of time of the training data, where no option named them. */
function timeColumns(section: DataSection | undefined): { timeColumn?: string; dateColumn?: string } {
  if (section === undefined || section.time === null) return {};
  const { timeColumn, dateColumn } = section.reading;
  if (timeColumn !== undefined || dateColumn !== undefined) return {};
  const [first, second] = section.time.columns;
  if (first === undefined) return {};
  return second === undefined ? { timeColumn: first } : { dateColumn: first, timeColumn: second };
}

function checkOneGroup({ groups }: DataFile): void {
  if (groups === undefined || groups.names.length <= 1) return;
  throw new InputError(
    `The ${NAME} has rows of several groups (${listNames(groups.names)}): a request is one series, so each group needs its own.`,
  );
}

function checkTimes({ time }: DataFile): void {
  if (time === undefined) return;
  const row = time.ms.findIndex((ms, index) => index > 0 && !(ms > time.ms[index - 1]!));
  if (row < 0) return;
  throw new InputError(
    `The time of row ${row} of the ${NAME}, counted from 0, is not after the one before: rows have to be in order of time.`,
  );
}

/** Rows that are arrays, in the model's order. */
function readArrays(
  text: Uint8Array,
  names: readonly string[],
  section: DataSection | undefined,
): Pick<BodyTable, "rows" | "values"> {
  const missing = new MissingCells(section?.reading.missing);
  const sentinels = names.map((name) => new Set(section?.sentinels[name]));
  const lines = new TextDecoder().decode(text).split("\n");
  const values: number[] = [];
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const where = `${NAME} line ${index + 1}`;
    const row = parseArray(line);
    if (row === undefined)
      throw new InputError(
        `${where}: ${quoteCell(line)} is not a JSON array, as the first line${notFiniteHint(line)}.`,
      );
    if (row.length !== names.length) {
      throw new InputError(
        `${where} has ${row.length} readings; the model has ${names.length} features: ${listNames(names)}.`,
      );
    }
    row.forEach((cell, feature) => {
      const reading = typeof cell === "string" ? cell.trim() : cell;
      if (reading === null || (typeof reading === "string" && missing.hasWord(reading)))
        values.push(Number.NaN);
      else if (typeof reading === "number" && Number.isFinite(reading)) {
        const isNone = missing.numbers?.has(reading) === true || sentinels[feature]!.has(reading);
        values.push(isNone ? Number.NaN : reading);
      } else {
        throw new InputError(
          `${where}, column "${names[feature]}": ${quoteCell(JSON.stringify(cell))} is not a number; null stands for a missing reading.`,
        );
      }
    });
  });
  if (values.length === 0) throw new InputError(`The ${NAME} has no rows.`);
  return { rows: values.length / names.length, values: Float64Array.from(values) };
}

function parseArray(line: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
