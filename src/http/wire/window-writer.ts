/** Scored windows straight to the bytes of their JSON. */
import type { ScoredWindows } from "../../serving/score-result.js";
import { FREE, kernels, memoryOf } from "./kernels.js";
import { align, INSTRUCTION_WORDS } from "./program.js";
import type { WindowProgram } from "./window-layout.js";

/** A character takes up to three bytes in UTF-8. */
const CHARACTER_BYTES = 3;
/** The kernel stores eight bytes at a time, also at the end of the text. */
const SPARE_BYTES = 64;

/** Some of the windows that were scored together, and the texts to write around them. */
export interface WindowsToWrite {
  readonly windows: ScoredWindows;
  /** The first window, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly before?: string;
  readonly after?: string;
}

/**
 * `{"score":...,...},{...}`: windows as JSON, without brackets around them. Errors and scores are the
 * shortest decimals of their float32, what the heads gave is in the caller's units with the decimals of
 * `formatUnits`, NaN is null.
 *
 * @throws Error where the arrays or the text have another length than the program was laid out for.
 */
export function writeWindows(
  program: WindowProgram,
  { windows, from, to, before = "", after = "" }: WindowsToWrite,
): Uint8Array {
  const { constants, instructions, slots, windowBytes } = program;
  const count = to - from;
  const instructionsAt = FREE + constants.length;
  const valuesAt = instructionsAt + instructions.byteLength;
  let start = valuesAt;
  for (const { bytes } of slots) start += align(bytes * count);
  const textBytes = count * windowBytes;
  const memory = memoryOf(start + textBytes + (before.length + after.length) * CHARACTER_BYTES + SPARE_BYTES);
  memory.bytes.set(constants, FREE);
  memory.words.set(instructions, instructionsAt / 4);
  let address = valuesAt;
  for (const { word, bytes, values: valuesOf } of slots) {
    const all = valuesOf(windows);
    const size = all.length / windows.scores.count;
    const values = count < windows.scores.count ? all.subarray(from * size, to * size) : all;
    if (values.byteLength !== bytes * count) {
      throw new Error(
        `${count} windows have ${values.byteLength} bytes where ${bytes * count} were laid out.`,
      );
    }
    memory.words[instructionsAt / 4 + word] = address;
    if (values instanceof Float64Array) memory.doubles.set(values, address / 8);
    else if (values instanceof Float32Array) memory.singles.set(values, address / 4);
    else memory.bytes.set(values, address);
    address += align(bytes * count);
  }
  const first = start + putText(memory.bytes, start, before);
  const last = kernels.writeWindows(
    first,
    first + textBytes,
    windowBytes,
    instructionsAt,
    instructions.length / INSTRUCTION_WORDS,
    count,
  );
  if (last === 0 || last - first > textBytes) {
    throw new Error(`The text of ${count} windows has more than the ${textBytes} bytes laid out for it.`);
  }
  return memory.bytes.slice(start, last + putText(memory.bytes, last, after));
}

const encoder = new TextEncoder();

function putText(bytes: Uint8Array, at: number, text: string): number {
  return text === "" ? 0 : encoder.encodeInto(text, bytes.subarray(at)).written;
}
