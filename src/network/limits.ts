/** The largest sizes of a network: anything above is a mistake or an attack, not a model. */
import { InputError } from "../errors.js";

export const MAX_TIMESTEPS = 10_000;
export const MAX_FEATURES = 10_000;
export const MAX_UNITS = 16_384;
export const MAX_PARAMETERS = 100_000_000;

/** @throws InputError naming `what`, unless `value` is a whole number from `least` to `most`. */
export function checkWithin(what: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InputError(`${what} has to be a whole number from ${least} to ${most}, not ${value}.`);
  }
}
