/**
 * Transposed copies of matrices. With wide vectors the numbers to the left of one term (one of each row) have to stand
 * side by side.
 */

/** Transposes four rows of four numbers. */
@inline
export function transposeFour(from: usize, fromRow: usize, to: usize, toRow: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromRow);
  from += fromRow << 1;
  const c = v128.load(from);
  const d = v128.load(from + fromRow);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + toRow, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  to += toRow << 1;
  const moreAb = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const moreCd = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(moreAb, moreCd, 0, 1, 4, 5));
  v128.store(to + toRow, v128.shuffle<f32>(moreAb, moreCd, 2, 3, 6, 7));
}

/** Transposes [rows, columns] to [columns, rows]. `rows` is a multiple of four, and both sides have room for a multiple of four columns. */
export function transpose(rows: i32, columns: i32, from: usize, fromRow: usize, to: usize, toRow: usize): void {
  for (let row = 0; row < rows; row += 4) {
    let left = from;
    let line = to;
    for (let column = 0; column < columns; column += 4) {
      transposeFour(left, fromRow, line, toRow);
      left += 16;
      line += toRow << 2;
    }
    from += fromRow << 2;
    to += 16;
  }
}
