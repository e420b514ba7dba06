/** Long files: a row holds one reading, with the name of its feature. They become a row for each time. */
import { InputError } from "../errors.js";
import { listNames, shellWord } from "./names.js";
import type { FeatureColumn, Table } from "./table-form.js";

/** The share of readings with the tag and time of another from which on they are those of several series. */
const SEVERAL = 0.2;

/** @throws InputError where a column tells readings apart that would overwrite each other. */
function refuseSeveralSeries({ file, time, tags, groups, texts, rows }: Table, twice: number): void {
  if (twice < rows * SEVERAL || time === undefined || tags === undefined) return;
  const apart = texts.find((words) => {
    const seen = new Set<string>();
    for (let row = 0; row < rows; row++) {
      seen.add(`${groups?.of[row] ?? 0} ${tags.of[row]} ${words.of[row]} ${time.ms[row]}`);
    }
    return words.names.length > 1 && seen.size === rows;
  });
  if (apart === undefined) return;
  throw new InputError(
    `${file}: ${twice} readings have the tag and time of another, and column "${apart.name}" (${listNames(apart.names)}) tells them apart: --group-column ${shellWord(apart.name)} makes a series of each.`,
  );
}

/**
 * The same readings as a wide table: a row for each time of each group, in the order in which they come; a column for
 * each tag. Of two readings of one tag at one time the later one is kept.
 *
 * @param columns the tags that are wanted, in this order; all of them where it is undefined.
 * @throws InputError where a tag that is wanted does not occur, or the file has no time.
 */
export function pivot(table: Table, columns: readonly string[] | undefined): Table {
  const { time, tags, groups, file } = table;
  const readings = table.features[0]?.values;
  if (time === undefined || tags === undefined || readings === undefined) {
    throw new InputError(
      `${file} is long (a reading a row), and needs a time column; --time-column names it.`,
    );
  }
  const names = columns ?? tags.names;
  const unknown = names.find((name) => !tags.names.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`${file} has no readings of "${unknown}"; it has ${listNames(tags.names)}.`);
  }
  const columnOf = tags.names.map((name) => names.indexOf(name));
  const rowOf = new Map<number, Map<number, number>>();
  const firsts: number[] = [];
  const wideRow = new Int32Array(table.rows);
  for (let row = 0; row < table.rows; row++) {
    const group = groups?.of[row] ?? 0;
    let own = rowOf.get(group);
    if (own === undefined) {
      own = new Map();
      rowOf.set(group, own);
    }
    let wide = own.get(time.ms[row]!);
    if (wide === undefined) {
      wide = firsts.push(row) - 1;
      own.set(time.ms[row]!, wide);
    }
    wideRow[row] = wide;
  }
  const features: FeatureColumn[] = names.map((name) => ({
    name,
    unit: table.features[0]!.unit,
    values: new Float64Array(firsts.length).fill(Number.NaN),
  }));
  let twice = 0;
  const { anomalous } = table;
  const labels = anomalous === undefined ? undefined : new Uint8Array(firsts.length);
  for (let row = 0; row < table.rows; row++) {
    const wide = wideRow[row]!;
    if (labels !== undefined && anomalous?.[row] === 1) labels[wide] = 1;
    const values = features[columnOf[tags.of[row]!]!]?.values;
    if (values === undefined) continue;
    if (!Number.isNaN(values[wide]!)) twice++;
    values[wide] = readings[row]!;
  }
  refuseSeveralSeries(table, twice);
  const notes = [...table.notes];
  if (twice > 0)
    notes.push(`${file}: ${twice} readings have the tag and time of another; the later one is kept.`);
  return {
    ...table,
    rows: firsts.length,
    features,
    time: {
      ...time,
      ms: Float64Array.from(firsts, (row) => time.ms[row]!),
      text: time.text.length === 0 ? [] : firsts.map((row) => time.text[row]!),
    },
    groups: groups && { of: Int32Array.from(firsts, (row) => groups.of[row]!), names: groups.names },
    tags: undefined,
    anomalous: labels,
    texts: [],
    notes,
  };
}
