/** Rows that become columns: where vectors are joined, numbers that meet the same vector must stand side by side. */

/** Four rows of four numbers become four columns. */
@inline
export function turnFour(from: usize, fromRow: usize, to: usize, toRow: usize): void {
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

/** `rows` rows, a multiple of four, of `columns` numbers; both sides have room for a multiple of four. */
export function turn(rows: i32, columns: i32, from: usize, fromRow: usize, to: usize, toRow: usize): void {
  for (let row = 0; row < rows; row += 4) {
    let left = from;
    let line = to;
    for (let column = 0; column < columns; column += 4) {
      turnFour(left, fromRow, line, toRow);
      left += 16;
      line += toRow << 2;
    }
    from += fromRow << 2;
    to += 16;
  }
}
