/** Reads the numbers of a score request straight from its bytes, and its other members by JSON.parse. */
import { type Arrays, OWN_ARRAYS } from "../../scoring/arrays.js";
import { FREE, kernels, memoryOf } from "./kernels.js";

/** The readings of a body, and its other members as JSON.parse gives them. */
export interface BodyMatrix {
  /** The member that held the readings. */
  readonly key: "windows" | "series";
  /** [n, T, F], or [N, F]. */
  readonly shape: readonly number[];
  /** Row-major; each the nearest double, NaN = null. */
  readonly values: Float64Array;
  readonly others: Readonly<Record<string, unknown>>;
}

/** Larger bodies are left to JSON.parse: WebAssembly never gives back memory that it was given. */
const MAX_BYTES = 64 * 2 ** 20;

/** The members beside the readings are numbers, texts, and a few arrays and objects of them. */
const MOST_OTHER_PARTS = 100;
const [OPEN_ARRAY, OPEN_OBJECT] = [0x5b, 0x7b];

/**
 * Reads the member `windows` or `series` of the object that `body` is.
 *
 * @param arrays where the array of the readings comes from.
 * @param mostOtherBytes with more bytes beside the readings, the body is not taken.
 * @returns the same numbers as JSON.parse, bit for bit. Undefined for a body that must be read by JSON.parse,
 *   and may be wrong: no JSON, a value that is not a rectangle of numbers and nulls, a number that a double
 *   cannot hold, neither or both of the members, a key with an escape, more arrays and objects than any request has.
 */
export function readBodyMatrix(
  body: Uint8Array,
  arrays: Arrays = OWN_ARRAYS,
  mostOtherBytes = Number.POSITIVE_INFINITY,
): BodyMatrix | undefined {
  const length = body.length;
  if (length > MAX_BYTES) return undefined;
  // A 0 ends the text, and the kernel may read up to 40 bytes beyond it.
  const out = (FREE + length + 48 + 7) & ~7;
  // A reading takes at least two bytes, a digit and a comma.
  const { bytes, doubles } = memoryOf(out + Math.ceil(length / 2) * 8);
  bytes.set(body, FREE);
  bytes[FREE + length] = 0;
  if (kernels.findMatrix(FREE, FREE + length, out) === 0) return undefined;
  if (length - (kernels.valueEnd.value - kernels.valueStart.value) > mostOtherBytes) return undefined;

  const windows = kernels.windows.value;
  const rows = kernels.rows.value;
  const features = kernels.features.value;
  const shape = windows === 0 ? [rows, features] : [windows, rows, features];
  const count = (windows || 1) * rows * features;
  const values = arrays.float64(count);
  values.set(doubles.subarray(out / 8, out / 8 + count));
  const key = windows === 0 ? "series" : "windows";
  if (kernels.others.value === 0) return { key, shape, values, others: {} };
  const others = parseOthers(body, kernels.valueStart.value - FREE, kernels.valueEnd.value - FREE);
  if (others === undefined) return undefined;
  delete others[key];
  return { key, shape, values, others };
}

/** The body parsed by JSON.parse, with null in place of the bytes [from, to). */
function parseOthers(body: Uint8Array, from: number, to: number): Record<string, unknown> | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (at === from) at = to;
    if (bytes[at] !== OPEN_ARRAY && bytes[at] !== OPEN_OBJECT) continue;
    parts += 1;
    if (parts > MOST_OTHER_PARTS) return undefined;
  }
  try {
    return JSON.parse(`${bytes.toString("utf8", 0, from)}null${bytes.toString("utf8", to)}`);
  } catch {
    return undefined;
  }
}
