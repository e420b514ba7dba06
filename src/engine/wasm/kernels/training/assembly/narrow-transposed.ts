/**
 * The product with a transposed matrix, with narrow (128-bit) vectors: 2 rows times 4 dot products are eight
 * accumulators (narrow-matrix.ts says why eight).
 */
import { madd } from "../../inference/assembly/arithmetic";

/** The sum of each of four vectors, as one vector. */
@inline
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
}

/**
 * c = a . bᵀ, or c += a . bᵀ: every row of a with each of the first `count` rows of b, over `tiles` tiles of both.
 * c is row-major; rows of b are taken four at a time, so c's rows have room for a multiple of four numbers.
 */
export function multiplyTransposed(
  rows: i32,
  count: i32,
  tiles: i32,
  a: usize,
  aTile: usize,
  aRow: usize,
  b: usize,
  bTile: usize,
  c: usize,
  cRow: usize,
  accumulate: bool,
): void {
  const aBytes = <usize>tiles * aTile;
  for (let column = 0; column < count; column += 4) {
    let left = a;
    let to = c;
    for (let row = 0; row < rows; row += 2) {
      // A last single row is computed twice, from the same numbers.
      const paired = row + 1 < rows;
      let c00 = f32x4.splat(0);
      let c01 = f32x4.splat(0);
      let c02 = f32x4.splat(0);
      let c03 = f32x4.splat(0);
      let c10 = f32x4.splat(0);
      let c11 = f32x4.splat(0);
      let c12 = f32x4.splat(0);
      let c13 = f32x4.splat(0);
      const other = paired ? aRow : 0;
      for (let lane: usize = 0; lane < 64; lane += 16) {
        let a0 = left + lane;
        let a1 = a0 + other;
        let right = b + lane;
        for (const end = a0 + aBytes; a0 < end; ) {
          const x0 = v128.load(a0);
          const x1 = v128.load(a1);
          let y = v128.load(right);
          c00 = madd(x0, y, c00);
          c10 = madd(x1, y, c10);
          y = v128.load(right, 64);
          c01 = madd(x0, y, c01);
          c11 = madd(x1, y, c11);
          y = v128.load(right, 128);
          c02 = madd(x0, y, c02);
          c12 = madd(x1, y, c12);
          y = v128.load(right, 192);
          c03 = madd(x0, y, c03);
          c13 = madd(x1, y, c13);
          a0 += aTile;
          a1 += aTile;
          right += bTile;
        }
      }
      let sums = sumEach(c00, c01, c02, c03);
      if (accumulate) sums = f32x4.add(sums, v128.load(to));
      v128.store(to, sums);
      if (paired) {
        sums = sumEach(c10, c11, c12, c13);
        if (accumulate) sums = f32x4.add(sums, v128.load(to + cRow));
        v128.store(to + cRow, sums);
      }
      left += aRow << 1;
      to += cRow << 1;
    }
    b += 256;
    c += 16;
  }
}
