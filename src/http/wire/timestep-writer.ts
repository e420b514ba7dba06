/** Scored timesteps straight to the bytes of their JSON, by column or by line. */
import { FREE, kernels, memoryOf } from "./kernels.js";
import { align, DOUBLE, LITERAL, PART_BYTES, SCORE, VALUE_BYTES, VERDICT } from "./parts.js";

/** `0.25,null`: as the shortest decimals of their float32, without brackets. */
export function writeScores(score: Float64Array): Uint8Array {
  return writeRows(score.length, [{ kind: SCORE, values: score }]);
}

/** `0.01,null`: without brackets. */
export function writeDoubles(values: Float64Array): Uint8Array {
  return writeRows(values.length, [{ kind: DOUBLE, values }]);
}

/** `true,null`: without brackets. */
export function writeVerdicts(anomalous: Int8Array): Uint8Array {
  return writeRows(anomalous.length, [{ kind: VERDICT, values: anomalous }]);
}

/** Timesteps whose scores lie side by side. */
export interface TimestepColumns {
  /** The number of the first of them in the series. */
  readonly first: number;
  readonly score: Float64Array;
  readonly pValue: Float64Array;
  readonly anomalous: Int8Array;
}

/** A line of JSON for each timestep. */
export function writeTimestepLines({ first, score, pValue, anomalous }: TimestepColumns): Uint8Array {
  const numbers = new Float64Array(score.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = first + i;
  const rows = writeRows(score.length, [
    '{"timestep":',
    { kind: DOUBLE, values: numbers },
    ',"score":',
    { kind: SCORE, values: score },
    ',"pValue":',
    { kind: DOUBLE, values: pValue },
    ',"anomalous":',
    { kind: VERDICT, values: anomalous },
    "}",
  ]);
  const lines = new Uint8Array(rows.length + 1);
  lines.set(rows);
  // No value has a brace in it, so one that closes ends a line; behind it stands the comma between two rows.
  for (let at = rows.indexOf(CLOSING); at >= 0; at = rows.indexOf(CLOSING, at + 1)) lines[at + 1] = NEWLINE;
  return lines;
}

const CLOSING = 0x7d;
const NEWLINE = 0x0a;

type Part =
  | string
  | { readonly kind: typeof SCORE | typeof DOUBLE; readonly values: Float64Array }
  | { readonly kind: typeof VERDICT; readonly values: Int8Array };

/** Rows of one value a column with texts in between; a comma stands between two rows. */
function writeRows(rows: number, parts: readonly Part[]): Uint8Array {
  let rowBytes = 1;
  let address = FREE + parts.length * PART_BYTES;
  const placed = parts.map((part) => {
    const values = typeof part === "string" ? Buffer.from(part) : part.values;
    rowBytes += typeof part === "string" ? values.length : VALUE_BYTES[part.kind].text + 2;
    const at = address;
    address += align(values.byteLength);
    return { kind: typeof part === "string" ? LITERAL : part.kind, values, at };
  });
  // The kernel stores eight bytes at a time, also at the end.
  const memory = memoryOf(address + rows * rowBytes + 64);
  for (const [i, { kind, values, at }] of placed.entries()) {
    memory.words.set([kind, at, values.length, 0], (FREE + i * PART_BYTES) / 4);
    if (values instanceof Float64Array) memory.doubles.set(values, at / 8);
    else memory.bytes.set(values, at);
  }
  return memory.bytes.slice(address, kernels.writeWindows(address, FREE, parts.length, rows));
}
