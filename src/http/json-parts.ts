/**
 * Refuses a large text of JSON that cannot be a request, before JSON.parse makes its objects and arrays: 16 MiB of "{}," are
 * five million objects, which take seconds and hundreds of megabytes. Windows and rows are compared with the model's shape.
 */
import { ResiduaError } from "../errors.js";
import { invalid, wrongShape } from "./json-body.js";
import type { WindowShape } from "./readings.js";

/** Shorter texts are parsed in milliseconds. */
const SMALL_BYTES = 65_536;
/** So many objects and arrays are parsed in milliseconds; more can only be windows, or rows of a series. */
const MOST_PARTS = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const SPACE = 0x20;

export interface PartsLimits extends WindowShape {
  readonly maxWindows: number;
}

/**
 * Reads no further than to the first thing that cannot be in a request.
 *
 * @param json text that need not be JSON: what else is wrong is left to JSON.parse.
 * @throws ResiduaError INVALID_REQUEST, SHAPE_MISMATCH, TOO_MANY_WINDOWS
 */
export function refuseTooManyParts(json: Uint8Array, limits: PartsLimits): void {
  if (json.length < SMALL_BYTES) return;
  const { timesteps, maxWindows } = limits;
  // A window is an array of T rows, which are arrays or objects.
  const mostOfWindows = maxWindows * (timesteps + 1) + MOST_PARTS;
  const readings = new ReadingsWatch(limits);
  let parts = 0;
  let members = 0;
  let empty = 0;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]!;
    if (byte <= SPACE) continue;
    if (byte === QUOTE) {
      const end = endOfString(json, at);
      if (depth === 1) readings.member(json.subarray(at + 1, end));
      at = end;
    } else if (byte === COMMA) {
      if (depth === 1 && ++members > MOST_PARTS) throw tooMany("members");
      readings.comma(depth);
    } else if ((byte | 0x20) === 0x7b) {
      // "[" or "{"
      depth += 1;
      readings.open(depth, byte === OPEN_ARRAY);
      // The rows of a series are as many as its text has room for.
      if (readings.isRowOfSeries(depth)) continue;
      parts += 1;
      if (parts > mostOfWindows) {
        throw new ResiduaError(
          "TOO_MANY_WINDOWS",
          `The request has more arrays and objects than ${maxWindows} windows; one may have up to ${maxWindows}.`,
        );
      }
    } else if ((byte | 0x20) === 0x7d) {
      // "]" or "}"
      const isEmpty = (json[at - 1]! | 0x20) === 0x7b;
      if (depth > 1 && isEmpty && ++empty > MOST_PARTS) throw tooMany("empty arrays and objects");
      readings.close(depth, byte === CLOSE_ARRAY, isEmpty);
      depth -= 1;
    }
  }
}

/** Compares the arrays in `windows` and in `series` with the shape of the model. */
class ReadingsWatch {
  readonly #shape: WindowShape;
  /** The depth at which rows stand in the member that is read: 4 in windows, 3 in a series, 0 elsewhere. */
  #rowDepth = 0;
  /** How many commas there are in the array at each depth, so far. */
  readonly #commas = [0, 0, 0, 0, 0];

  constructor(shape: WindowShape) {
    this.#shape = shape;
  }

  member(name: Uint8Array): void {
    const text = nameOf(name);
    this.#rowDepth = text === "series" ? 3 : text === "windows" ? 4 : 0;
  }

  isRowOfSeries(depth: number): boolean {
    return this.#rowDepth === 3 && depth === 3;
  }

  comma(depth: number): void {
    if (depth <= this.#rowDepth) this.#commas[depth]! += 1;
  }

  open(depth: number, isArray: boolean): void {
    if (this.#rowDepth === 0) return;
    if (depth <= this.#rowDepth) {
      this.#commas[depth] = 0;
      return;
    }
    const what = isArray ? "an array" : "an object";
    throw invalid([{ path: this.#path(depth), message: `must be a number or null, not ${what}` }]);
  }

  /** @param isArray whether what is closed is an array: rows may also be objects, which leave features out. */
  close(depth: number, isArray: boolean, isEmpty: boolean): void {
    const isRow = depth === this.#rowDepth;
    if (!isArray || depth < 3 || !(isRow || (this.#rowDepth === 4 && depth === 3))) return;
    const { timesteps, features } = this.#shape;
    const count = isEmpty ? 0 : this.#commas[depth]! + 1;
    const [unit, expected] = isRow ? ["features", features] : ["timesteps", timesteps];
    if (count === expected) return;
    const path = this.#path(depth);
    const message = `has ${count} ${unit}; the model has ${expected}`;
    const [, , first, second] = this.#commas;
    const rowOfWindow = isRow ? `Window ${first}, timestep ${second},` : `Window ${first}`;
    const where = this.#rowDepth === 3 ? `Row ${first} of the series` : rowOfWindow;
    throw wrongShape(this.#shape, `${where} has ${count} ${unit}`, [{ path, message }]);
  }

  /** The place of what stands at a depth. */
  #path(depth: number): string {
    const places = this.#commas.slice(2, depth).map((place) => `/${place}`);
    return `/${this.#rowDepth === 3 ? "series" : "windows"}${places.join("")}`;
  }
}

/** "windows" with each of its letters as an escape. */
const LONGEST_NAME_BYTES = 6 * "windows".length;

/** The name of a member, from what stands between its quotes; empty where that is no name of readings anyway. */
function nameOf(bytes: Uint8Array): string {
  if (bytes.length > LONGEST_NAME_BYTES) return "";
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    // JSON.parse of the whole text says what is wrong with it.
    return "";
  }
}

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
