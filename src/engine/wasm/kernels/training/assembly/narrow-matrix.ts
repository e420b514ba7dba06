/**
 * The products of matrix.ts with narrow (128-bit) vectors; that with a transposed matrix is in narrow-transposed.ts.
 *
 * Eight accumulators (2 rows of 4 vectors) fit into the 16 vector registers of x64 together with their operands. With more
 * accumulators, or with steps written out, V8 would keep some of them in memory.
 */
import { madd } from "../../inference/assembly/arithmetic";

/** Rows whose outer products are added up before the sums are stored: they fit into the first-level cache. */
const CHUNK_ROWS: i32 = 64;

/** As `multiply` of matrix.ts. */
export function multiplyNarrow(
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
  const depthBytes = (<usize>depth) << 2;
  const pairs = rows & ~1;
  if (pairs > 0) {
    for (let tile = 0; tile < tiles; tile++) {
      let from = start;
      let to = c;
      let left = a;
      for (let row = 0; row < pairs; row += 2) {
        const start1 = from + startRow;
        let c00 = v128.load(from, 0);
        let c01 = v128.load(from, 16);
        let c02 = v128.load(from, 32);
        let c03 = v128.load(from, 48);
        let c10 = v128.load(start1, 0);
        let c11 = v128.load(start1, 16);
        let c12 = v128.load(start1, 32);
        let c13 = v128.load(start1, 48);
        let a0 = left;
        let a1 = left + aRow;
        let right = b;
        const end = a0 + depthBytes;
        while (a0 < end) {
          const b0 = v128.load(right, 0);
          const b1 = v128.load(right, 16);
          const b2 = v128.load(right, 32);
          const b3 = v128.load(right, 48);
          const x0 = v128.load32_splat(a0);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          c02 = madd(x0, b2, c02);
          c03 = madd(x0, b3, c03);
          const x1 = v128.load32_splat(a1);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          c12 = madd(x1, b2, c12);
          c13 = madd(x1, b3, c13);
          a0 += 4;
          a1 += 4;
          right += 64;
        }
        const to1 = to + cRow;
        v128.store(to, c00, 0);
        v128.store(to, c01, 16);
        v128.store(to, c02, 32);
        v128.store(to, c03, 48);
        v128.store(to1, c10, 0);
        v128.store(to1, c11, 16);
        v128.store(to1, c12, 32);
        v128.store(to1, c13, 48);
        left += aRow << 1;
        from += startRow << 1;
        to += cRow << 1;
      }
      b += bTile;
      start += startTile;
      c += cTile;
    }
    b -= bTile * tiles;
    start -= startTile * tiles;
    c -= cTile * tiles;
  }
  if (rows > pairs) {
    multiplyRow(
      depthBytes,
      tiles,
      a + aRow * pairs,
      b,
      bTile,
      start + startRow * pairs,
      startTile,
      c + cRow * pairs,
      cTile,
    );
  }
}

/** One row of `multiplyNarrow`, with the terms of every sum in the same order. */
export function multiplyRow(
  depthBytes: usize,
  tiles: i32,
  a: usize,
  b: usize,
  bTile: usize,
  start: usize,
  startTile: usize,
  c: usize,
  cTile: usize,
): void {
  const end = a + depthBytes;
  for (let tile = 0; tile < tiles; tile++) {
    let c0 = v128.load(start, 0);
    let c1 = v128.load(start, 16);
    let c2 = v128.load(start, 32);
    let c3 = v128.load(start, 48);
    let right = b;
    for (let left = a; left < end; left += 4) {
      const x = v128.load32_splat(left);
      c0 = madd(x, v128.load(right, 0), c0);
      c1 = madd(x, v128.load(right, 16), c1);
      c2 = madd(x, v128.load(right, 32), c2);
      c3 = madd(x, v128.load(right, 48), c3);
      right += 64;
    }
    v128.store(c, c0, 0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
    b += bTile;
    start += startTile;
    c += cTile;
  }
}

/** As `multiplyRows` of matrix.ts. Two columns of a are taken together, so c has room for an even number of rows. */
export function multiplyRowsNarrow(
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
    const bytes = <usize>min(CHUNK_ROWS, rows - done) * bRow;
    let right = b;
    for (let tile = 0; tile < tiles; tile++) {
      let left = a;
      let to = c + <usize>tile * cTile;
      for (let column = 0; column < depth; column += 2) {
        let c00 = f32x4.splat(0);
        let c01 = f32x4.splat(0);
        let c02 = f32x4.splat(0);
        let c03 = f32x4.splat(0);
        let c10 = f32x4.splat(0);
        let c11 = f32x4.splat(0);
        let c12 = f32x4.splat(0);
        let c13 = f32x4.splat(0);
        if (accumulate) {
          c00 = v128.load(to, 0);
          c01 = v128.load(to, 16);
          c02 = v128.load(to, 32);
          c03 = v128.load(to, 48);
          c10 = v128.load(to, 64);
          c11 = v128.load(to, 80);
          c12 = v128.load(to, 96);
          c13 = v128.load(to, 112);
        }
        let from = left;
        const end = right + bytes;
        for (let at = right; at < end; at += bRow) {
          const b0 = v128.load(at, 0);
          const b1 = v128.load(at, 16);
          const b2 = v128.load(at, 32);
          const b3 = v128.load(at, 48);
          const x0 = v128.load32_splat(from, 0);
          c00 = madd(x0, b0, c00);
          c01 = madd(x0, b1, c01);
          c02 = madd(x0, b2, c02);
          c03 = madd(x0, b3, c03);
          const x1 = v128.load32_splat(from, 4);
          c10 = madd(x1, b0, c10);
          c11 = madd(x1, b1, c11);
          c12 = madd(x1, b2, c12);
          c13 = madd(x1, b3, c13);
          from += aRow;
        }
        v128.store(to, c00, 0);
        v128.store(to, c01, 16);
        v128.store(to, c02, 32);
        v128.store(to, c03, 48);
        v128.store(to, c10, 64);
        v128.store(to, c11, 80);
        v128.store(to, c12, 96);
        v128.store(to, c13, 112);
        left += 8;
        to += 128;
      }
      right += bTile;
    }
    a += aRow * CHUNK_ROWS;
    b += bRow * CHUNK_ROWS;
    accumulate = true;
  }
}
