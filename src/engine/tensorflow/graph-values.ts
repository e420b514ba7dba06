/** What layers of a graph read and give. */
import type { Result } from "./graph-builder.js";

/** A layer's value: a vector, the same vector at every timestep, or a sequence in one of two layouts. */
export type Value =
  /** [n, width] */
  | { readonly kind: "vector"; readonly width: number; readonly result: Result }
  | { readonly kind: "repeated"; readonly steps: number; readonly width: number; readonly result: Result }
  /** [steps * n, width], time-major */
  | { readonly kind: "rows"; readonly steps: number; readonly width: number; readonly result: Result }
  /** [n, steps, width] */
  | { readonly kind: "windows"; readonly steps: number; readonly width: number; readonly result: Result };

export type Sequence = Exclude<Value, { kind: "vector" }>;

/** Throws TypeError where the value is a sequence. */
export function vector(value: Value): Extract<Value, { kind: "vector" }> {
  if (value.kind !== "vector") throw new TypeError("a vector was expected; the network was not validated");
  return value;
}

/** Throws TypeError where the value is a vector. */
export function sequence(value: Value): Sequence {
  if (value.kind === "vector") throw new TypeError("a sequence was expected; the network was not validated");
  return value;
}
