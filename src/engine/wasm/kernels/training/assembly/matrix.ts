/**
 * The products that training is made of, on float32 matrices cut into tiles of 16 columns: element (row, column) stands
 * at base + (column / 16) * tileBytes + row * rowBytes + (column % 16) * 4. A row-major matrix is one whose tileBytes is
 * 64. Every sum adds its terms in one fixed order, so the bits are the same with wide and with narrow vectors, and
 * however the rows are shared out.
 */
import { wideVectors } from "../../inference/assembly/arithmetic";
import { multiplyNarrow, multiplyRowsNarrow } from "./narrow-matrix";
import { multiplyRowsWide, multiplyWide } from "./wide-matrix";

/** c = start + a . b, for `rows` rows and `tiles` tiles; a is [rows, depth], row-major. */
export function multiply(
  rows: i32,
  depth: i32,
  tiles: i32,
  a: usize,
  aRow: usize,
  b: usize,
  bTile: usize,
  start: usize,
  startTile: usize,
  startRow: usize,
  c: usize,
  cTile: usize,
  cRow: usize,
): void {
  if (wideVectors) {
    multiplyWide(rows, tiles, depth, a, aRow, b, bTile, 0, 0, 0, 0, 0, start, startTile, startRow, c, cTile, cRow);
  } else {
    multiplyNarrow(rows, depth, tiles, a, aRow, b, bTile, start, startTile, startRow, c, cTile, cRow);
  }
}

/**
 * c = aᵀ . b, or c += aᵀ . b: the sum over rows of the outer products of a's row (row-major, `depth` wide) and b's
 * (`tiles` tiles). Four columns of a (narrow: two) are taken together, so c has room for a multiple of four rows.
 */
export function multiplyRows(
  rows: i32,
  depth: i32,
  tiles: i32,
  a: usize,
  aRow: usize,
  b: usize,
  bTile: usize,
  bRow: usize,
  c: usize,
  cTile: usize,
  accumulate: bool,
): void {
  if (wideVectors) multiplyRowsWide(rows, depth, tiles, a, aRow, b, bTile, bRow, c, cTile, accumulate);
  else multiplyRowsNarrow(rows, depth, tiles, a, aRow, b, bTile, bRow, c, cTile, accumulate);
}

/** c = s, or c += s, with s the sum of `rows` rows of b, tile by tile; tiles of c are 64 bytes apart. */
export function sumRows(rows: i32, tiles: i32, b: usize, bTile: usize, bRow: usize, c: usize, accumulate: bool): void {
  for (let tile = 0; tile < tiles; tile++) {
    let c0 = accumulate ? v128.load(c, 0) : f32x4.splat(0);
    let c1 = accumulate ? v128.load(c, 16) : f32x4.splat(0);
    let c2 = accumulate ? v128.load(c, 32) : f32x4.splat(0);
    let c3 = accumulate ? v128.load(c, 48) : f32x4.splat(0);
    let at = b;
    for (let row = 0; row < rows; row++) {
      c0 = f32x4.add(c0, v128.load(at, 0));
      c1 = f32x4.add(c1, v128.load(at, 16));
      c2 = f32x4.add(c2, v128.load(at, 32));
      c3 = f32x4.add(c3, v128.load(at, 48));
      at += bRow;
    }
    v128.store(c, c0, 0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
    b += bTile;
    c += 64;
  }
}
