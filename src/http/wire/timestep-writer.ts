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
  ROW,
  SCORE,
  UNITS_TEXT,
  VALUE_BYTES,
  type ValueKind,
} from "./program.js";

/** How scaled values become those in the caller's units: scaled * scale + offset, with so many decimals. */
export interface CallersUnits {
  /** [F] each. */
  readonly scale: Float64Array;
  readonly offset: Float64Array;
  readonly decimals: Int32Array;
}

/**
 * How the values of a column are written: one a timestep for SCORE, DOUBLE and VERDICT, else an array of
 * `count`. Scaled values of each feature, ROW, are written in the caller's units.
 */
export type ColumnWriting =
  | { readonly kind: ValueKind; readonly count: number }
  | { readonly kind: typeof ROW; readonly count: number; readonly units: CallersUnits };

/** Values of timesteps that lie side by side: [rows], or [rows, count]. */
export type Column = ColumnWriting & { readonly values: Float64Array | Float32Array | Int8Array };

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

const NEWLINE = 0x0a;
const BETWEEN_LINES = Buffer.from("},{");

/**
 * `{"timestep":7,"score":0.25,...}`: a line of JSON for each timestep.
 *
 * @param first the number of the first of these timesteps in the series.
 * @param rows how many there are.
 * @param members texts and columns in turn, such as `,"score":` and its values.
 */
export function writeTimestepLines(
  first: number,
  rows: number,
  members: readonly (string | Column)[],
): Uint8Array {
  const numbers = new Float64Array(rows);
  for (let i = 0; i < rows; i++) numbers[i] = first + i;
  const timestep = { kind: DOUBLE, count: 1, values: numbers } as const;
  const written = writeRows(rows, ['{"timestep":', timestep, ...members, "}"]);
  const lines = Buffer.alloc(written.length + 1, NEWLINE);
  lines.set(written);
  // The comma between two lines gives way to a line's end. No member has an array of objects.
  for (let at = lines.indexOf(BETWEEN_LINES); at >= 0; at = lines.indexOf(BETWEEN_LINES, at + 1)) {
    lines[at + 1] = NEWLINE;
  }
  return lines;
}

interface Placed {
  readonly values: Uint8Array | Int32Array | Float32Array | Float64Array | Int8Array;
  readonly at: number;
}

/** Rows of texts and values in turn, with a comma between two rows. */
function writeRows(rows: number, items: readonly (string | Column)[]): Uint8Array {
  let rowBytes = 1;
  let address = FREE + items.length * INSTRUCTION_BYTES;
  const placed: Placed[] = [];
  const place = (values: Placed["values"]): number => {
    const at = address;
    placed.push({ values, at });
    address += align(values.byteLength);
    return at;
  };
  const instructions = items.map((item) => {
    if (typeof item === "string") {
      const text = Buffer.from(item);
      rowBytes += text.length;
      return [LITERAL, place(text), text.length];
    }
    const at = place(item.values);
    if (item.kind !== ROW) {
      rowBytes += item.count * VALUE_BYTES[item.kind].text + 2;
      return [item.kind, at, item.count];
    }
    const { scale, offset, decimals } = item.units;
    rowBytes += decimals.reduce((sum, count) => sum + count + UNITS_TEXT, 3);
    return [ROW, at, 1, item.count, 0, place(scale), place(offset), place(decimals)];
  });
  // The kernel stores eight bytes at a time, also at the end.
  const memory = memoryOf(address + rows * rowBytes + 64);
  for (const [i, instruction] of instructions.entries()) {
    memory.words.fill(0, FREE / 4 + i * INSTRUCTION_WORDS, FREE / 4 + (i + 1) * INSTRUCTION_WORDS);
    memory.words.set(instruction, FREE / 4 + i * INSTRUCTION_WORDS);
  }
  for (const { values, at } of placed) {
    if (values instanceof Float64Array) memory.doubles.set(values, at / 8);
    else if (values instanceof Float32Array) memory.singles.set(values, at / 4);
    else if (values instanceof Int32Array) memory.words.set(values, at / 4);
    else memory.bytes.set(values, at);
  }
  const end = kernels.writeWindows(address, address + rows * rowBytes, rowBytes, FREE, items.length, rows);
  if (end === 0 || end - address > rows * rowBytes) {
    throw new Error(`The text of ${rows} rows has more than the ${rows * rowBytes} bytes laid out for it.`);
  }
  return memory.bytes.slice(address, end);
}
