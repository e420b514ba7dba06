/** A line as a small picture of braille characters, each of which has 2 by 4 dots. */
import { MinMaxSeries } from "../charts/min-max.js";

const BLANK = 0x2800;
/** [4][2]: the bit of each dot of a character, by row from the top and by column. */
const BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * @param values drawn from the smallest to the largest; NaN leaves a gap.
 * @param width, height of the picture, in characters.
 * @returns [height] lines of text; none where there is no value.
 */
export function drawBraille(values: Float64Array, width: number, height: number): string[] {
  const { min, max } = columnsOf(values, 2 * width);
  const low = min.reduce((least, value) => (value < least ? value : least), Number.POSITIVE_INFINITY);
  const high = max.reduce((most, value) => (value > most ? value : most), Number.NEGATIVE_INFINITY);
  if (!(low <= high)) return [];
  const dots = 4 * height;
  // The row of dots, from the top, that a value stands in.
  const rowOf = (value: number) =>
    high === low ? dots >> 1 : Math.round(((high - value) / (high - low)) * (dots - 1));
  const cells = new Uint8Array(width * height);
  for (let column = 0; column < 2 * width; column++) {
    if (Number.isNaN(min[column]!)) continue;
    for (let row = rowOf(max[column]!); row <= rowOf(min[column]!); row++) {
      cells[(row >> 2) * width + (column >> 1)]! |= BITS[row & 3]![column & 1]!;
    }
  }
  return Array.from({ length: height }, (_, line) =>
    Array.from(cells.subarray(line * width, (line + 1) * width), (bits) =>
      String.fromCharCode(BLANK + bits),
    ).join(""),
  );
}

/** The extremes of each column of dots; where there are fewer values than columns, those of the line between two values. */
function columnsOf(values: Float64Array, columns: number): { min: Float64Array; max: Float64Array } {
  if (values.length >= columns) return new MinMaxSeries(values).columns(0, values.length, columns);
  const min = new Float64Array(columns).fill(Number.NaN);
  const max = new Float64Array(columns).fill(Number.NaN);
  const last = values.length - 1;
  const at = (column: number) => {
    const place = (Math.min(column, columns - 1) / (columns - 1)) * last;
    const left = Math.min(Math.floor(place), Math.max(0, last - 1));
    return values[left]! + (place - left) * ((values[left + 1] ?? values[left]!) - values[left]!);
  };
  for (let column = 0; values.length > 0 && column < columns; column++) {
    const [from, to] = [at(column), at(column + 1)];
    min[column] = Math.min(from, to);
    max[column] = Math.max(from, to);
  }
  return { min, max };
}
