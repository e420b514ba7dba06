/** InferTensorContents, the typed values of a tensor, as the bytes that they are in a message. */
import { ResiduaError } from "../../errors.js";
import { BITS_32, BITS_64, damaged, WITH_LENGTH, WireReader } from "./wire-reader.js";

/** The field of each type. */
const FIELDS = { BOOL: 1, FP32: 6, FP64: 7 } as const;
export type ContentsType = keyof typeof FIELDS;

const SIZES = { FP32: 4, FP64: 8 } as const;

/** Libraries write one field of packed numbers; this many are read in milliseconds. */
const MOST_FIELDS = 100_000;

/**
 * The numbers of a type, little-endian, in one piece; empty where there are none. They are packed, as all libraries write
 * them, or each by itself, which a reader has to take as well.
 *
 * @throws ResiduaError INVALID_REQUEST where the bytes are no such message, or too many numbers stand each by itself.
 */
export function numbersOf(contents: Uint8Array, type: "FP32" | "FP64"): Uint8Array {
  const field = FIELDS[type];
  const size = SIZES[type];
  const single = type === "FP32" ? BITS_32 : BITS_64;
  const reader = new WireReader(contents);
  const numbers = new Uint8Array(contents.length);
  let length = 0;
  for (let fields = 0; reader.next(); fields++) {
    if (fields === MOST_FIELDS) throw tooMany();
    if (reader.field !== field) continue;
    const bytes = reader.to - reader.from;
    if ((reader.kind !== WITH_LENGTH && reader.kind !== single) || bytes % size !== 0) throw damaged();
    numbers.set(contents.subarray(reader.from, reader.to), length);
    length += bytes;
  }
  return numbers.subarray(0, length);
}

/** The message of packed values. @param bytes of the values, little-endian; a byte each for BOOL. */
export function contentsOf(type: ContentsType, bytes: Uint8Array): Buffer {
  const head = [FIELDS[type] * 8 + WITH_LENGTH];
  let length = bytes.length;
  for (; length >= 0x80; length = Math.floor(length / 0x80)) head.push((length % 0x80) + 0x80);
  return Buffer.concat([Uint8Array.from([...head, length]), bytes]);
}

function tooMany(): ResiduaError {
  return new ResiduaError(
    "INVALID_REQUEST",
    `The contents of the input have more than ${MOST_FIELDS} fields; send the numbers packed, or as raw_input_contents.`,
  );
}
