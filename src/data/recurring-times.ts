/** Files in which the same times occur again and again: the rows belong to several machines, or hold one tag each. */
import { InputError } from "../errors.js";
import type { Table, Words } from "./table-form.js";

/** The share of rows with the time of another from which on times recur. */
const RECURRING = 0.2;
const TAG_NAME =
  /^_?(tag|tags|tag_?name|field|variable|metric|measure|measurement|parameter|param|signal|channel|point|item|series|attribute|name|key|sensor)(_?(name|id))?$/i;
const VALUE_NAME = /^_?(value|val|reading|data|wert|measurement|result)s?$/i;

/**
 * Throws InputError where times recur, and another column tells the rows apart: it names the options to
 * read the file with. Does nothing where rows are told apart by a group column already.
 */
export function refuseRecurringTimes(table: Table, columns: readonly string[] | undefined): void {
  const { time, file, groups } = table;
  if (time === undefined || groups !== undefined) return;
  if (recurringShare(time.ms) < RECURRING) return;
  const apart = [...table.texts, ...wholeColumns(table)].find((words) => tellsApart(words, time.ms));
  if (apart === undefined) return;
  const values = table.features.filter(({ name }) => name !== apart.name);
  const only = values.length === 1 ? values[0]!.name : undefined;
  const isLong = only !== undefined && (TAG_NAME.test(apart.name) || VALUE_NAME.test(only));
  const shown = apart.names
    .slice(0, 3)
    .map((name) => JSON.stringify(name))
    .join(", ");
  const more = apart.names.length > 3 ? `, ... (${apart.names.length} in all)` : "";
  const group = `--group-column ${quote(apart.name)} makes a series of each`;
  const tag = `--tag-column ${quote(apart.name)} --value-column ${quote(only ?? "")} makes a feature of each`;
  throw new InputError(
    `${file}: the same times occur again and again, and column "${apart.name}" (${shown}${more}) tells their rows apart: ${isLong ? `${tag} (${group})` : group}${columns === undefined ? "" : " (rows are never mixed)"}.`,
  );
}

function quote(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name}'`;
}

function recurringShare(ms: Float64Array): number {
  return 1 - new Set(ms).size / ms.length;
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
