/** How the texts of training's options are read. Each throws InputError with one sentence on what the text has to be. */
import { finiteNumber, rate, wholeNumber } from "../data/option-values.js";
import { InputError } from "../errors.js";
import type { Corruption } from "../network/network.js";

/** Parses a seed of the random numbers of training. */
export const seed = wholeNumber(0, 0xffff_ffff);

/** Parses units of layers: `64` or `64,16`. */
export function unitList(text: string): number[] {
  return text.split(",").map((units) => wholeNumber(1)(units.trim()));
}

/** Parses `masking:0.3` or `gaussian:0.1`. */
export function corruption(text: string): Corruption {
  const match = /^(masking|gaussian):(.+)$/.exec(text);
  const wrong = new InputError("It has to be masking:SHARE or gaussian:STDDEV, such as masking:0.3.");
  if (match === null) throw wrong;
  let value: number;
  try {
    value = finiteNumber(match[2]!);
  } catch {
    throw wrong;
  }
  if (match[1] === "masking" && value >= 0 && value < 1) return { kind: "masking", rate: value };
  if (match[1] === "gaussian" && value >= 0) return { kind: "gaussian", stddev: value };
  throw wrong;
}

/** Parses rows of a window, or `auto`. */
export function timestepsOrAuto(text: string): number | "auto" {
  if (text === "auto") return "auto";
  try {
    return wholeNumber(1)(text);
  } catch {
    throw new InputError("It has to be a whole number of at least 1, or auto.");
  }
}

/** Parses a share of the variance, or `off`. */
export function shareOrOff(text: string): number | "off" {
  if (text === "off") return "off";
  try {
    return rate(text);
  } catch {
    throw new InputError("It has to be a share above 0 and below 1, or off.");
  }
}
