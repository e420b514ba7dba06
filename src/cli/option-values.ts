/** What stands behind an option, checked. Each throws commander's InvalidArgumentError with the end of a sentence. */
import { InvalidArgumentError } from "commander";
import type { RowRange } from "../data/table.js";
import type { Corruption } from "../network/network.js";

function toNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`It has to be a whole number ${range}.`);
    }
    return value;
  };
}

/** A finite number above 0. */
export function positiveNumber(text: string): number {
  const value = toNumber(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("It has to be a number above 0.");
  return value;
}

/** A finite number above 1. */
export function numberAbove1(text: string): number {
  const value = toNumber(text);
  if (!(value > 1 && Number.isFinite(value)))
    throw new InvalidArgumentError("It has to be a number above 1.");
  return value;
}

export function finiteNumber(text: string): number {
  const value = toNumber(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("It has to be a number.");
  return value;
}

/** A share in [0, 1). */
export function share(text: string): number {
  const value = toNumber(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError("It has to be a share from 0 to below 1.");
  return value;
}

/** A rate in (0, 1). */
export function rate(text: string): number {
  const value = toNumber(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("It has to be a share above 0 and below 1.");
  return value;
}

/** `0:400`, `400:`, `:400`. */
export function rowRange(text: string): RowRange {
  const match = /^(\d*):(\d*)$/.exec(text);
  const from = Number(match?.[1] || 0);
  const to = match?.[2] ? Number(match[2]) : Number.POSITIVE_INFINITY;
  if (match === null || text === ":" || from >= to) {
    throw new InvalidArgumentError("It has to be a range of rows such as 0:400, with the end left out.");
  }
  return { from, to };
}

/** What training's random numbers start from. */
export const seed = wholeNumber(0, 0xffff_ffff);

const MOST_SEEDS = 100;

/** `1,2,3`, or how many: `3` stands for the same. */
export function seedList(text: string): number[] {
  if (!text.includes(",")) return Array.from({ length: wholeNumber(1, MOST_SEEDS)(text) }, (_, i) => i + 1);
  return nameList(text).map(seed);
}

/** A file to write JSON to, told by its name: a data file given by mistake must not be written over. */
export function jsonFile(text: string): string {
  if (!/\.json$/i.test(text)) throw new InvalidArgumentError("The file's name has to end in .json.");
  return text;
}

/** `64` or `64,16`. */
export function unitList(text: string): number[] {
  return text.split(",").map((part) => wholeNumber(1)(part.trim()));
}

export function nameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("It has to be names with commas between.");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" stands in it twice.`);
  return names;
}

/** One character, or `tab`. */
export function delimiter(text: string): string {
  const character = text === "tab" || text === "\\t" ? "\t" : text;
  if (character.length !== 1 || /["\r\n]/.test(character)) {
    throw new InvalidArgumentError("It has to be one character, or tab.");
  }
  return character;
}

/** `masking:0.3` or `gaussian:0.1`. */
export function corruption(text: string): Corruption {
  const match = /^(masking|gaussian):(.+)$/.exec(text);
  const value = toNumber(match?.[2] ?? "");
  if (match?.[1] === "masking" && value >= 0 && value < 1) return { kind: "masking", rate: value };
  if (match?.[1] === "gaussian" && value >= 0 && Number.isFinite(value))
    return { kind: "gaussian", stddev: value };
  throw new InvalidArgumentError("It has to be masking:SHARE or gaussian:STDDEV, such as masking:0.3.");
}
