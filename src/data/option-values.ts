/**
 * The options that a program is given as text, each declared once: a command line takes `--max-gap 60`, a query string
 * `max-gap=60`. Each parser throws InputError with one sentence on what the text has to be; the caller names the option.
 */
import { InputError } from "../errors.js";
import type { RowRange } from "./table-form.js";

/** One option. Its long name is its key in a table of options, in kebab case. */
export interface Option<Value, Default extends Value | undefined = Value | undefined> {
  /** What its value is called in a help text, such as `rows`. */
  readonly argument: string;
  readonly help: string;
  readonly parse: (text: string) => Value;
  /** The texts it takes, where there are only a few. */
  readonly choices: readonly string[] | undefined;
  readonly default: Default;
}

/** An option that stands for true where it is named, without a value. */
export interface Switch {
  readonly help: string;
  /** What its opposite (`--no-...`) means; undefined where there is none. */
  readonly oppositeHelp: string | undefined;
}

/** Options by their names in camel case. */
export type OptionTable = Readonly<Record<string, Option<unknown> | Switch>>;

/** The values that a table of options gives: undefined for an option that is not set and has no default. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value, infer Default>
    ? Default extends undefined
      ? Value | undefined
      : Value
    : boolean | undefined;
};

/** An option that is undefined where it is not set. */
export function option<Value>(
  argument: string,
  help: string,
  parse: (text: string) => Value,
): Option<Value, undefined> {
  return { argument, help, parse, choices: undefined, default: undefined };
}

/** An option with a default. */
export function optionOr<Value>(
  argument: string,
  help: string,
  parse: (text: string) => Value,
  fallback: Value,
): Option<Value, Value> {
  return { argument, help, parse, choices: undefined, default: fallback };
}

/** An option that takes one of a few words, undefined where it is not set and has no default. */
export function choice<const Word extends string>(
  argument: string,
  help: string,
  choices: readonly Word[],
): Option<Word, undefined>;
export function choice<const Word extends string>(
  argument: string,
  help: string,
  choices: readonly Word[],
  fallback: NoInfer<Word>,
): Option<Word, Word>;
export function choice<const Word extends string>(
  argument: string,
  help: string,
  choices: readonly Word[],
  fallback?: Word,
): Option<Word> {
  return { argument, help, parse: word(choices), choices, default: fallback };
}

function toNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new InputError(`It has to be a whole number ${range}.`);
    }
    return value;
  };
}

/** A finite number above 0. */
export function positiveNumber(text: string): number {
  const value = toNumber(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InputError("It has to be a number above 0.");
  return value;
}

/** A finite number above 1. */
export function numberAbove1(text: string): number {
  const value = toNumber(text);
  if (!(value > 1 && Number.isFinite(value))) throw new InputError("It has to be a number above 1.");
  return value;
}

/** Any finite number. */
export function finiteNumber(text: string): number {
  const value = toNumber(text);
  if (!Number.isFinite(value)) throw new InputError("It has to be a number.");
  return value;
}

/** A share in [0, 1). */
export function share(text: string): number {
  const value = toNumber(text);
  if (!(value >= 0 && value < 1)) throw new InputError("It has to be a share from 0 to below 1.");
  return value;
}

/** A rate in (0, 1). */
export function rate(text: string): number {
  const value = toNumber(text);
  if (!(value > 0 && value < 1)) throw new InputError("It has to be a share above 0 and below 1.");
  return value;
}

/** `0:400`, `400:`, `:400`: rows from 0, the end excluded. */
export function rowRange(text: string): RowRange {
  const match = /^(\d*):(\d*)$/.exec(text);
  const from = Number(match?.[1] || 0);
  const to = match?.[2] ? Number(match[2]) : Number.POSITIVE_INFINITY;
  if (match === null || text === ":" || from >= to) {
    throw new InputError("It has to be a range of rows such as 0:400; row 400 is not part of it.");
  }
  return { from, to };
}

/** Different names, with commas between them; a name with a comma stands in double quotes. */
export function nameList(text: string): string[] {
  const names = cellList(text);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InputError(`"${twice}" occurs twice.`);
  return names;
}

/** Texts with commas between them, as in a line of CSV. */
export function cellList(text: string): string[] {
  const cells = text.match(/(?:"(?:[^"]|"")*"|[^,"])+|(?<=,)(?=,)|^(?=,)|(?<=,)$/g) ?? [];
  const names = cells.map((cell) => {
    const trimmed = cell.trim();
    return /^".*"$/s.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
  });
  if (names.length === 0 || names.includes(""))
    throw new InputError("It has to be names separated by commas.");
  return names;
}

/** Numbers with commas between them. */
export function numberList(text: string): number[] {
  return cellList(text).map(finiteNumber);
}

/** The decimal mark of numbers. */
export function decimalMark(text: string): "." | "," {
  if (text !== "." && text !== ",") throw new InputError("It has to be a point or a comma.");
  return text;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A length of time such as `15m`, in milliseconds. */
export function duration(text: string): number {
  const [, number, unit] = /^(\d+\.?\d*)\s*(ms|s|m|min|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit ?? ""] ?? Number.NaN);
  if (!(ms >= 1)) throw new InputError("It has to be a length of time such as 30s, 15m, 1h or 1d.");
  return ms;
}

/** One of a few words. */
export function word<const Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((one) => one === text);
    if (found === undefined) throw new InputError(`Allowed choices are ${words.join(", ")}.`);
    return found;
  };
}

/** One character, or `tab`. */
export function delimiter(text: string): string {
  const character = text === "tab" || text === "\\t" ? "\t" : text;
  if (character.length !== 1 || /["\r\n]/.test(character)) {
    throw new InputError("It has to be one character, or tab.");
  }
  return character;
}
