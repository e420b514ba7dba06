/**
 * Refuses a text of JSON that has more objects and arrays than any request can have, before JSON.parse makes
 * them: 16 MiB of "{}," are five million objects, which take seconds and hundreds of megabytes.
 */
import { ResiduaError } from "../errors.js";
import { invalid } from "./json-body.js";

/** Shorter texts are parsed in milliseconds. */
const SMALL_BYTES = 65_536;
/** So many objects and arrays are parsed in milliseconds; more can only be windows, or rows of a series. */
const MOST_PARTS = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

export interface PartsLimits {
  readonly timesteps: number;
  readonly maxWindows: number;
}

/**
 * Reads no further than to the first thing that cannot be in a request.
 *
 * @param json text that need not be JSON: what else is wrong is left to JSON.parse.
 * @throws ResiduaError INVALID_REQUEST, TOO_MANY_WINDOWS
 */
export function refuseTooManyParts(json: Uint8Array, { timesteps, maxWindows }: PartsLimits): void {
  if (json.length < SMALL_BYTES) return;
  // A window is an array of T rows, which are arrays or objects.
  const mostOfWindows = maxWindows * (timesteps + 1) + MOST_PARTS;
  let parts = 0;
  let members = 0;
  let empty = 0;
  let depth = 0;
  let isSeries = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      if (depth === 1) isSeries = end - at === 7 && Buffer.from(json.subarray(at + 1, end)).equals(SERIES);
      at = end;
    } else if (byte === COMMA) {
      if (depth === 1 && ++members > MOST_PARTS) throw tooMany("members");
    } else if ((byte | 0x20) === 0x7b) {
      // "[" or "{"
      depth += 1;
      // The rows of a series are as many as its text has room for.
      if (isSeries && depth === 3) continue;
      parts += 1;
      if (parts > mostOfWindows) {
        throw new ResiduaError(
          "TOO_MANY_WINDOWS",
          `The request has more arrays and objects than ${maxWindows} windows; one may have up to ${maxWindows}.`,
        );
      }
    } else if ((byte | 0x20) === 0x7d) {
      // "]" or "}"
      const before = json[at - 1]!;
      if (depth > 1 && (before | 0x20) === 0x7b && ++empty > MOST_PARTS)
        throw tooMany("empty arrays and objects");
      depth -= 1;
    }
  }
}

const SERIES = Buffer.from("series");

/** The closing quote of the string at `from`, or the end of the text. */
function endOfString(json: Uint8Array, from: number): number {
  let at = json.indexOf(QUOTE, from + 1);
  while (at >= 0) {
    let slashes = 0;
    while (json[at - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
    at = json.indexOf(QUOTE, at + 1);
  }
  return json.length;
}

function tooMany(what: string): ResiduaError {
  return invalid([{ path: "", message: `has more ${what} than a request can have` }]);
}
