/**
 * The products of matrix.ts with wide (256-bit) vectors: four rows at a time, and the rest one by one. Every sum has the
 * same terms in the same order as with narrow vectors. The product with a transposed matrix is in transposed-kernels.ts.
 */
import { sumFourRowsGap4, sumFourTilesGap0 } from "./generated/product-sums";
import { multiplyRow } from "./narrow-matrix";
import { scratch, ZEROS } from "./scratch";
import { transpose } from "./transposing";

/** Rows whose outer products are added up before the sums are stored: those of four tiles fit into the first-level cache. */
const CHUNK_ROWS: i32 = 96;

/** c = start + a . b + more . moreB: as `multiply` of matrix.ts, with a second product unless `moreDepth` is 0. */
export function multiplyWide(
  rows: i32,
  tiles: i32,
  depth: i32,
  a: usize,
  aRow: usize,
  b: usize,
  bTile: usize,
  moreDepth: i32,
  more: usize,
  moreRow: usize,
  moreB: usize,
  moreTile: usize,
  start: usize,
  startTile: usize,
  startRow: usize,
  c: usize,
  cTile: usize,
  cRow: usize,
): void {
  const fours = rows & ~3;
  const repeats = i32(moreDepth > 0);
  const bytes = <usize>depth << 2;
  const lineBytes = <usize>fours << 2;
  transpose(fours, depth, a, aRow, scratch, lineBytes);
  transpose(fours, moreDepth, more, moreRow, scratch + <usize>depth * lineBytes, lineBytes);
  if (fours) {
    let right = b;
    let moreRight = moreB;
    let from = start;
    let to = c;
    for (let tile = 0; tile < tiles; tile++) {
      const jump = moreRight - right - (bytes << 4);
      for (let row: usize = 0; row < <usize>fours; row += 4) {
        sumFourRowsGap4(depth, moreDepth, repeats, scratch + (row << 2), lineBytes, 0, right, 64, jump, from + row * startRow, startRow, to + row * cRow, cRow);
      }
      right += bTile;
      moreRight += moreTile;
      from += startTile;
      to += cTile;
    }
  }
  a += <usize>fours * aRow;
  more += <usize>fours * moreRow;
  start += <usize>fours * startRow;
  c += <usize>fours * cRow;
  for (let row = fours; row < rows; row++) {
    const leftJump = more - a - bytes;
    let right = b;
    let moreRight = moreB;
    let from = start;
    let to = c;
    let tile = 0;
    for (; tile + 4 <= tiles; tile += 4) {
      const jump = moreRight - right - (bytes << 4);
      sumFourTilesGap0(depth, moreDepth, repeats, a, 4, leftJump, right, 64, jump, bTile, moreTile, from, startTile, to, cTile);
      right += bTile << 2;
      moreRight += moreTile << 2;
      from += startTile << 2;
      to += cTile << 2;
    }
    if (tile < tiles) {
      multiplyRow(bytes, tiles - tile, a, right, bTile, from, startTile, to, cTile);
      if (repeats) multiplyRow(<usize>moreDepth << 2, tiles - tile, more, moreRight, moreTile, to, cTile, to, cTile);
    }
    a += aRow;
    more += moreRow;
    start += startRow;
    c += cRow;
  }
}

/** As `multiplyRows` of matrix.ts. Four columns of a are taken together, so c has room for a multiple of four rows. */
export function multiplyRowsWide(
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
  for (let done = 0; done < rows; done += CHUNK_ROWS) {
    const terms = min(CHUNK_ROWS, rows - done);
    for (let column: usize = 0; column < <usize>depth; column += 4) {
      let right = b;
      let to = c + (column << 6);
      for (let tile = 0; tile < tiles; tile++) {
        const start = accumulate ? to : ZEROS;
        sumFourRowsGap4(terms, 0, 0, a + (column << 2), aRow, 0, right, bRow, 0, start, accumulate ? 64 : 0, to, 64);
        right += bTile;
        to += cTile;
      }
    }
    a += aRow * CHUNK_ROWS;
    b += bRow * CHUNK_ROWS;
    accumulate = true;
  }
}
