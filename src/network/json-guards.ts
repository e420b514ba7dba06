/** Checks of JSON that may come from anywhere. Their errors name the value and say what it has to be. */
import { InputError } from "../errors.js";

export type JsonObject = { readonly [key: string]: unknown };

/**
 * Parses JSON.
 *
 * @throws InputError that says where it breaks, as far as that is known; it repeats nothing of the content, which may be
 *   of any file.
 */
export function parseJson(content: string, what: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw new InputError(
      `${what} is not JSON${position === undefined ? "" : ` (at character ${position})`}.`,
    );
  }
}

/**
 * `value` as a whole number of at least 1.
 *
 * @throws InputError where it is none.
 */
export function count(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new InputError(`${what} has to be a whole number of at least 1, not ${text(value)}.`);
  }
  return value as number;
}

/**
 * `value` as an object with unknown members.
 *
 * @throws InputError where it is none.
 */
export function object(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(`${what} has to be an object, not ${text(value)}.`);
  }
  return value as JsonObject;
}

/**
 * `value` as an array of unknown members.
 *
 * @throws InputError where it is none.
 */
export function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InputError(`${what} has to be an array, not ${text(value)}.`);
  return value;
}

/** A value as error messages quote it: short, and in words for what is no scalar. */
export function text(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}..."` : json;
}
