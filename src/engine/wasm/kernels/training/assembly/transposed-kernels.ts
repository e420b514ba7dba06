/**
 * The product with a transposed kernel (a layer's weight matrix), with wide (256-bit) vectors. It reads transposed copies
 * of the kernels, made anew after every change of the weights, in which 16 rows of a kernel stand side by side.
 */
import { TRAINING_NEXT_TRANSPOSITION, TRAINING_TRANSPOSED, TRANSPOSITION_WORDS } from "../../../training/layout";
import { sumFourRowsGap4, sumFourRowsGap64, sumFourTilesGap4 } from "./generated/product-sums";
import { Job, Transposition } from "./plan";
import { scratch, ZEROS } from "./scratch";
import { transpose, transposeFour } from "./transposing";
import { waitFor } from "./waiting";

/**
 * Transposes every kernel of the job and returns when all are done. The threads share the work, 16 rows of a kernel at a
 * time, and wait for one another.
 */
export function transposeKernels(job: Job): void {
  const doneAt = job.at(TRAINING_TRANSPOSED);
  while (true) {
    const index = atomic.add<i32>(job.at(TRAINING_NEXT_TRANSPOSITION), 1);
    if (index >= job.transpositionCount) break;
    transposeRows(changetype<Transposition>(job.transpositions + <usize>index * (TRANSPOSITION_WORDS << 2)));
    if (atomic.add<i32>(doneAt, 1) == job.transpositionCount - 1) atomic.notify(doneAt, -1);
  }
  for (let done = atomic.load<i32>(doneAt); done < job.transpositionCount; done = atomic.load<i32>(doneAt)) {
    waitFor(doneAt, done);
  }
}

/** From [tile][row][4 vectors][4 lanes] to [4 lanes][4 vectors][tile][row], for at most 16 rows of a kernel. */
function transposeRows(part: Transposition): void {
  const tiles = part.tiles;
  const laneBytes = <usize>tiles << 8;
  for (let tile = 0; tile < tiles; tile++) {
    let from = part.from + <usize>tile * part.fromTile;
    let to = part.to + (<usize>tile << 6);
    for (let vector = 0; vector < 4; vector++) {
      for (let row: usize = 0; row < <usize>part.rows; row += 4) {
        transposeFour(from + (row << 6), 64, to + (row << 2), laneBytes);
      }
      from += 16;
      to += <usize>tiles << 6;
    }
  }
}

/**
 * As `multiplyTransposed` of narrow-transposed.ts, from a transposed copy of b:
 * [16 of its rows][4 lanes][4 vectors][tile][16]. c's rows have room for a multiple of 16 numbers.
 * @param aInLines whether a's rows are 64 bytes apart; otherwise a transposed copy of it is made in scratch.
 */
export function multiplyTransposedWide(
  rows: i32,
  count: i32,
  tiles: i32,
  a: usize,
  aTile: usize,
  aRow: usize,
  transposed: usize,
  c: usize,
  cRow: usize,
  accumulate: bool,
  aInLines: bool,
): void {
  const fours = rows & ~3;
  const jump: usize = <usize>16 - <usize>tiles * aTile;
  const laneBytes = <usize>tiles << 8;
  const rowsBytes = <usize>rows << 6;
  let left = a;
  let leftLane: usize = 4;
  let leftStep = aTile;
  let leftJump = jump;
  let leftRow: usize = 64;
  if (!aInLines) {
    leftRow = 4;
    left = scratch + (rowsBytes << 2);
    leftLane = <usize>fours << 2;
    leftStep = leftLane << 4;
    leftJump = (leftLane << 2) - <usize>tiles * leftStep;
    transpose(fours, tiles << 4, a, aRow, left, leftLane);
  }
  for (let column = 0; column < count; column += 16) {
    let to = scratch;
    for (let lane: usize = 0; lane < 4; lane++) {
      for (let row: usize = 0; row < <usize>fours; row += 4) {
        const from = left + lane * leftLane + row * leftRow;
        const at = to + (row << 6);
        if (aInLines) sumFourRowsGap64(tiles, tiles, 3, from, leftStep, leftJump, transposed, 64, 0, ZEROS, 0, at, 64);
        else sumFourRowsGap4(tiles, tiles, 3, from, leftStep, leftJump, transposed, 64, 0, ZEROS, 0, at, 64);
      }
      transposed += laneBytes;
      to += rowsBytes;
    }
    transposed -= laneBytes << 2;
    for (let row = fours; row < rows; row++) {
      const from = a + <usize>row * aRow;
      to = scratch + (<usize>row << 6);
      sumFourTilesGap4(tiles, tiles, 3, from, aTile, jump, transposed, 64, 0, laneBytes, laneBytes, ZEROS, 0, to, rowsBytes);
    }
    addLanes(rows, c, cRow, accumulate);
    transposed += laneBytes << 2;
    c += 64;
  }
}

/** Adds up the four lanes' sums in scratch, [4 lanes][row][16], in the order of `sumEach` of narrow-transposed.ts. */
function addLanes(rows: i32, c: usize, cRow: usize, accumulate: bool): void {
  const rowsBytes = <usize>rows << 6;
  let a = scratch;
  for (let row = 0; row < rows; row++) {
    const b = a + rowsBytes;
    const d = b + rowsBytes;
    const e = d + rowsBytes;
    let c0 = f32x4.add(f32x4.add(v128.load(a), v128.load(d)), f32x4.add(v128.load(b), v128.load(e)));
    let c1 = f32x4.add(f32x4.add(v128.load(a, 16), v128.load(d, 16)), f32x4.add(v128.load(b, 16), v128.load(e, 16)));
    let c2 = f32x4.add(f32x4.add(v128.load(a, 32), v128.load(d, 32)), f32x4.add(v128.load(b, 32), v128.load(e, 32)));
    let c3 = f32x4.add(f32x4.add(v128.load(a, 48), v128.load(d, 48)), f32x4.add(v128.load(b, 48), v128.load(e, 48)));
    if (accumulate) {
      c0 = f32x4.add(c0, v128.load(c));
      c1 = f32x4.add(c1, v128.load(c, 16));
      c2 = f32x4.add(c2, v128.load(c, 32));
      c3 = f32x4.add(c3, v128.load(c, 48));
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
    a += 64;
    c += cRow;
  }
}
