/** Files in which the same times occur again and again: the rows belong to several machines, or hold one tag each. */
import { InputError } from "../errors.js";
import { shellWord } from "./names.js";
import type { Table, Words } from "./table-form.js";

/** The share of rows with the time of another from which on times recur. */
const RECURRING = 0.2;
const TAG_NAME =
  /^_?(tag|tags|tag_?name|field|variable|metric|measure|measurement|parameter|param|var|signal|channel|topic|point|item|series|attribute|name|key|sensor)(_?(name|id))?$/i;
const VALUE_NAME = /^_?(var_?)?(value|val|reading|data|payload|wert|measurement|result)s?$/i;

/** The most columns that are tried in pairs. */
const MOST_PAIRED = 8;

/**
 * @throws InputError where times recur within a group, and a column, or two of them, tell the rows apart: it names the
 * options to read the file with.
 */
export function refuseRecurringTimes(table: Table): void {
  const { time, file, groups } = table;
  if (time === undefined) return;
  if (recurringShare(time.ms, groups?.of) < RECURRING) {
    refuseTurns(table);
    return;
  }
  const candidates = [...table.texts, ...wholeColumns(table)];
  const single = candidates.find((words) => tellsApart(combine(words, groups), time.ms));
  const apart = single === undefined ? findPair(candidates.slice(0, MOST_PAIRED), time.ms, groups) : [single];
  if (apart === undefined) return;
  const values = table.features.filter(({ name }) => !apart.some((words) => words.name === name));
  const named = apart.some(({ name }) => TAG_NAME.test(name))
    ? values.find(({ name }) => VALUE_NAME.test(name))
    : undefined;
  const only = (values.length === 1 ? values[0] : named)?.name;
  const tag =
    only === undefined
      ? undefined
      : (apart.find(({ name }) => TAG_NAME.test(name)) ?? (VALUE_NAME.test(only) ? apart.at(-1) : undefined));
  const group = apart.find((words) => words !== tag);
  const shown = apart.map(({ name, names }) => {
    const some = names.slice(0, 3).map((one) => JSON.stringify(one));
    const more = names.length > 3 ? `, ... (${names.length} in all)` : "";
    return `"${name}" (${some.join(", ")}${more})`;
  });
  const options = [
    group === undefined ? undefined : `--group-column ${shellWord(group.name)} makes a series of each`,
    tag === undefined
      ? undefined
      : `--tag-column ${shellWord(tag.name)} --value-column ${shellWord(only ?? "")} makes a feature of each`,
  ].filter((one) => one !== undefined);
  const [columns, tell] = apart.length === 1 ? ["column", "tells"] : ["columns", "tell"];
  throw new InputError(
    `${file}: the same times occur again and again, and ${columns} ${shown.join(" and ")} ${tell} their rows apart: ${options.join(", ")}.`,
  );
}

type Named = Words & { readonly name: string };

/** The share of rows that have another word than the row before, from which on the rows of several machines take turns. */
const TURNS = 0.9;
/** The least rows of each word. */
const LEAST_ROWS = 20;
/** The most machines that are looked for. */
const MOST_MACHINES = 100;
const MACHINE_NAME =
  /(^|[^a-z])(machine|unit|asset|device|sensor|station|node|pump|motor|turbine|engine|plant|site|host|equipment|meter|id)([^a-z]|$)/i;

/**
 * @throws InputError where the rows of a column's words take turns, though no time occurs twice: those of several machines
 * that are read one after the other. The steps of each word alone are then even. Those of all rows are not, or the name is
 * that of a machine: else a day of the week would do.
 */
function refuseTurns(table: Table): void {
  const { time, file, groups, rows, features } = table;
  if (time === undefined || groups !== undefined) return;
  const turns = [...table.texts, ...wholeColumns(table)].find(({ name, of, names }) => {
    if (names.length < 2 || names.length > MOST_MACHINES || rows < names.length * LEAST_ROWS) return false;
    let changes = 0;
    for (let row = 1; row < rows; row++) if (of[row] !== of[row - 1]) changes++;
    const isMachine = MACHINE_NAME.test(name) || !hasEvenSteps(new Int32Array(rows), 1, time.ms);
    return changes >= (rows - 1) * TURNS && isMachine && hasEvenSteps(of, names.length, time.ms);
  });
  if (turns === undefined) return;
  const shown = turns.names.slice(0, 3).map((one) => JSON.stringify(one));
  const value = TAG_NAME.test(turns.name)
    ? features.find((one) => VALUE_NAME.test(one.name))?.name
    : undefined;
  if (value !== undefined) {
    throw new InputError(
      `${file} has one reading a row, of which column "${turns.name}" (${shown.join(", ")}${turns.names.length > 3 ? ", ..." : ""}) says what it is of: --tag-column ${shellWord(turns.name)} --value-column ${shellWord(value)} makes a feature of each; with --resample, such as 1m, rows have the readings of the same span. --group-column ${shellWord(turns.name)} makes a series of each instead.`,
    );
  }
  throw new InputError(
    `${file}: the rows of column "${turns.name}" (${shown.join(", ")}${turns.names.length > 3 ? ", ..." : ""}) take turns, as those of several machines do: --group-column ${shellWord(turns.name)} makes a series of each; --exclude ${shellWord(turns.name)} takes them as one.`,
  );
}

/** Whether nearly all rows of a word follow the one before at the same step, and no word is missing from most turns. */
function hasEvenSteps(of: Int32Array, words: number, ms: Float64Array): boolean {
  const last = new Float64Array(words).fill(Number.NaN);
  const counts = new Int32Array(words);
  const steps: number[] = [];
  for (const [row, word] of of.entries()) {
    counts[word]!++;
    const step = ms[row]! - last[word]!;
    if (!Number.isNaN(step)) steps.push(step);
    last[word] = ms[row]!;
  }
  const step = Float64Array.from(steps).sort()[steps.length >> 1] ?? 0;
  const same = steps.filter((one) => Math.abs(one - step) <= Math.abs(step) * 0.01).length;
  const even = Math.min(...counts) * words >= of.length / 2;
  return even && step > 0 && same >= steps.length * TURNS;
}

function findPair(
  candidates: readonly Named[],
  ms: Float64Array,
  groups: Words | undefined,
): readonly [Named, Named] | undefined {
  for (const [index, one] of candidates.entries()) {
    for (const other of candidates.slice(index + 1)) {
      if (tellsApart(combine(combine(one, other), groups), ms)) return [one, other];
    }
  }
  return undefined;
}

/** Words for each pair of words that two columns have. */
function combine(one: Words, other: Words | undefined): Words {
  if (other === undefined) return one;
  const width = other.names.length;
  const names = one.names.flatMap((name) => other.names.map((second) => `${name} ${second}`));
  return { of: one.of.map((code, row) => code * width + other.of[row]!), names };
}

function recurringShare(ms: Float64Array, groups: Int32Array | undefined): number {
  const seen = new Map<number, Set<number>>();
  let recurring = 0;
  for (const [row, value] of ms.entries()) {
    const group = groups?.[row] ?? 0;
    const own = seen.get(group) ?? new Set();
    if (own.size === 0) seen.set(group, own);
    if (own.has(value)) recurring++;
    else own.add(value);
  }
  return recurring / ms.length;
}

/** Whether no time occurs twice among the rows of one word. */
function tellsApart({ of, names }: Words, ms: Float64Array): boolean {
  if (names.length < 2) return false;
  const seen = names.map(() => new Set<number>());
  return ms.every((value, row) => {
    const own = seen[of[row]!]!;
    const before = own.size;
    return own.add(value).size > before;
  });
}

/** Columns of few different whole numbers, such as numbers of machines, as words. */
function wholeColumns(table: Table): (Words & { readonly name: string })[] {
  return table.features.flatMap(({ name, values }) => {
    const codes = new Map<number, number>();
    const of = new Int32Array(values.length);
    for (const [row, value] of values.entries()) {
      if (!Number.isInteger(value)) return [];
      const code = codes.get(value) ?? codes.size;
      codes.set(value, code);
      if (codes.size > 1000) return [];
      of[row] = code;
    }
    return [{ name, of, names: [...codes.keys()].map(String) }];
  });
}
