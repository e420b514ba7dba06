/**
 * Columns with a value for each timestep, straight to the bytes of their JSON: as arrays, or as a line a
 * timestep.
 */
import { FREE, kernels, memoryOf } from "./kernels.js";
import {
  align,
  DOUBLE,
  INSTRUCTION_BYTES,
  INSTRUCTION_WORDS,
  LITERAL,
  SCORE,
  VALUE_BYTES,
  type ValueKind,
} from "./program.js";

/**
 * How the values of a column are written: one a timestep for SCORE, DOUBLE and VERDICT, else an array of
 * `count`.
 */
export interface ColumnWriting {
  readonly kind: ValueKind;
  readonly count: number;
}

/** Values of timesteps that lie side by side: [rows], or [rows, count]. */
export interface Column extends ColumnWriting {
  readonly values: Float64Array | Float32Array | Int8Array;
}

export interface NamedColumn extends Column {
  readonly name: string;
}

/** `0.25,null`: as the shortest decimals of their float32, without brackets. @param score [rows] */
export function writeScores(score: Float64Array): Uint8Array {
  return writeColumn({ kind: SCORE, count: 1, values: score });
}

/** `0.01,null`: as the shortest decimals of the doubles, without brackets. @param values [rows] */
export function writeDoubles(values: Float64Array): Uint8Array {
  return writeColumn({ kind: DOUBLE, count: 1, values });
}

/** The values of a column with commas between them, without brackets. */
export function writeColumn(column: Column): Uint8Array {
  return writeRows(column.values.length / column.count, [column]);
}

const CLOSING = 0x7d;
const NEWLINE = 0x0a;

/**
 * `{"timestep":7,"score":0.25,...}`: a line of JSON for each timestep.
 *
 * @param first the number of the first of these timesteps in the series.
 * @param rows how many there are.
 */
export function writeTimestepLines(first: number, rows: number, columns: readonly NamedColumn[]): Uint8Array {
  const numbers = new Float64Array(rows);
  for (let i = 0; i < rows; i++) numbers[i] = first + i;
  const written = writeRows(rows, [
    '{"timestep":',
    { kind: DOUBLE, count: 1, values: numbers },
    ...columns.flatMap((column) => [`,${JSON.stringify(column.name)}:`, column]),
    "}",
  ]);
  const lines = new Uint8Array(written.length + 1);
  lines.set(written);
  // No value has a brace in it, so "}" ends a line; the comma behind it gives way to a line's end.
  for (let at = written.indexOf(CLOSING); at >= 0; at = written.indexOf(CLOSING, at + 1))
    lines[at + 1] = NEWLINE;
  return lines;
}

/** Rows of texts and values in turn, with a comma between two rows. */
function writeRows(rows: number, items: readonly (string | Column)[]): Uint8Array {
  let rowBytes = 1;
  let address = FREE + items.length * INSTRUCTION_BYTES;
  const placed = items.map((item) => {
    const isText = typeof item === "string";
    const values = isText ? Buffer.from(item) : item.values;
    rowBytes += isText ? values.length : item.count * VALUE_BYTES[item.kind].text + 2;
    const at = address;
    address += align(values.byteLength);
    const size = isText ? values.length : item.count;
    return { kind: isText ? LITERAL : item.kind, values, size, at };
  });
  // The kernel stores eight bytes at a time, also at the end.
  const memory = memoryOf(address + rows * rowBytes + 64);
  for (const [i, { kind, values, size, at }] of placed.entries()) {
    memory.words.set([kind, at, size, 0], FREE / 4 + i * INSTRUCTION_WORDS);
    if (values instanceof Float64Array) memory.doubles.set(values, at / 8);
    else if (values instanceof Float32Array) memory.singles.set(values, at / 4);
    else memory.bytes.set(values, at);
  }
  const end = kernels.writeWindows(address, FREE, items.length, rows);
  if (end - address > rows * rowBytes) {
    throw new Error(
      `The text of ${rows} rows has ${end - address} bytes; ${rows * rowBytes} were laid out for it.`,
    );
  }
  return memory.bytes.slice(address, end);
}
