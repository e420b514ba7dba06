/**
 * The sum or the difference of two values, number by number. Vectors and the numbers that are left over round alike, so
 * the result does not depend on how the numbers are grouped.
 */
import { OP_ADD } from "../../../plan/layout";

/**
 * to[r][t] = a[r][t] + b[r][t], each of `width` floats; a - b where `kind` is not OP_ADD. Row r of step t of a value stands
 * r * row + t * step bytes from its start.
 */
export function combine(
  kind: i32,
  steps: i32,
  rows: i32,
  width: i32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  to: usize,
  toRow: usize,
  toStep: usize,
): void {
  const bytes = <usize>width << 2;
  // Where the steps of a row stand together in all three, they are one.
  if (aStep == bytes && bStep == bytes && toStep == bytes) {
    width *= steps;
    steps = 1;
  }
  for (let r = 0; r < rows; r++, a += aRow, b += bRow, to += toRow) {
    let x = a;
    let y = b;
    let z = to;
    for (let t = 0; t < steps; t++, x += aStep, y += bStep, z += toStep) {
      if (kind == OP_ADD) addRow(width, x, y, z);
      else subtractRow(width, x, y, z);
    }
  }
}

@inline
function addRow(width: i32, a: usize, b: usize, to: usize): void {
  const end = to + (<usize>width << 2);
  for (const vectors = end - 15; to < vectors; a += 16, b += 16, to += 16) {
    v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
  }
  for (; to < end; a += 4, b += 4, to += 4) f32.store(to, f32.load(a) + f32.load(b));
}

@inline
function subtractRow(width: i32, a: usize, b: usize, to: usize): void {
  const end = to + (<usize>width << 2);
  for (const vectors = end - 15; to < vectors; a += 16, b += 16, to += 16) {
    v128.store(to, f32x4.sub(v128.load(a), v128.load(b)));
  }
  for (; to < end; a += 4, b += 4, to += 4) f32.store(to, f32.load(a) - f32.load(b));
}
