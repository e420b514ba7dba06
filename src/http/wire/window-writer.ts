/** Scored windows straight to the bytes of their JSON. */
import type { NetworkOutputs, ScoringModel, WindowScores } from "../../scoring/window-scoring.js";
import { FREE, kernels, memoryOf } from "./kernels.js";
import { align } from "./parts.js";
import { layoutOf } from "./window-layout.js";

/** What is written of each window. */
export interface WrittenWindows {
  readonly model: ScoringModel;
  /** Of timestepError, featureError, headError, embedding and the heads' names. */
  readonly include: ReadonlySet<string>;
  readonly outputs: NetworkOutputs;
  readonly scores: WindowScores;
  /** [n]; NaN is written as null. */
  readonly pValue: Float64Array;
  /** [n]: 1, 0, or anything else for no verdict. */
  readonly anomalous: Int8Array;
}

/**
 * `{"score":...,...},{...}`: the windows from `from` up to `to` as JSON, without brackets around them,
 * between two texts. Errors and scores are the shortest decimals of their float32, the heads' answers have
 * the caller's units and the decimals of `formatUnits`, what is not a number is null.
 */
export function writeWindows(
  windows: WrittenWindows,
  from: number,
  to: number,
  before = "",
  after = "",
): Uint8Array {
  const { block, partCount, slots, windowBytes } = layoutOf(windows);
  const blockEnd = FREE + block.length;
  let start = blockEnd;
  for (const { bytes } of slots) start += align(bytes * (to - from));
  // A character of a text takes up to three bytes. The kernel stores eight bytes at a time, also at the end.
  const most = (before.length + after.length) * 3 + 64 + (to - from) * windowBytes;
  const memory = memoryOf(start + most);
  memory.bytes.set(block, FREE);
  let address = blockEnd;
  for (const { word, bytes, values: valuesOf } of slots) {
    const values = valuesOf(windows);
    const count = values.length / windows.scores.count;
    const some = to - from < windows.scores.count ? values.subarray(from * count, to * count) : values;
    memory.words[FREE / 4 + word] = address;
    if (some instanceof Float64Array) memory.doubles.set(some, address / 8);
    else if (some instanceof Float32Array) memory.singles.set(some, address / 4);
    else memory.bytes.set(some, address);
    address += align(bytes * (to - from));
  }
  const first = start + putText(memory.bytes, start, before);
  const last = kernels.writeWindows(first, FREE, partCount, to - from);
  return memory.bytes.slice(start, last + putText(memory.bytes, last, after));
}

const encoder = new TextEncoder();

function putText(bytes: Uint8Array, at: number, text: string): number {
  return text === "" ? 0 : encoder.encodeInto(text, bytes.subarray(at)).written;
}
