/**
 * The products with transposed kernels where vectors are joined (joined-sums.ts): kernels are turned after every change
 * of the weights, so that sums for 16 of their rows stand side by side.
 */
import { Float, Line, sumFour, sumOne } from "./joined-sums";
import { Job, Transposition } from "./plan";
import { scratch, ZEROS } from "./scratch";
import { turn, turnFour } from "./turning";
import { waitFor } from "./waiting";
import { TRAINING_NEXT_TRANSPOSITION, TRAINING_TRANSPOSED, TRANSPOSITION_WORDS } from "../../../training/layout";

/**
 * Returns when every kernel is turned. Threads take 16 rows of a kernel at a time, whichever gets there first, and wait
 * for one another.
 */
export function turnKernels(job: Job): void {
  const doneAt = job.at(TRAINING_TRANSPOSED);
  while (true) {
    const index = atomic.add<i32>(job.at(TRAINING_NEXT_TRANSPOSITION), 1);
    if (index >= job.transpositionCount) break;
    turnRows(changetype<Transposition>(job.transpositions + <usize>index * (TRANSPOSITION_WORDS << 2)));
    if (atomic.add<i32>(doneAt, 1) == job.transpositionCount - 1) atomic.notify(doneAt, -1);
  }
  for (let done = atomic.load<i32>(doneAt); done < job.transpositionCount; done = atomic.load<i32>(doneAt)) {
    waitFor(doneAt, done);
  }
}

/** From [tile][row][4 vectors][4 lanes] to [4 lanes][4 vectors][tile][row], for at most 16 rows. */
function turnRows(part: Transposition): void {
  const tiles = part.tiles;
  const laneBytes = <usize>tiles << 8;
  for (let tile = 0; tile < tiles; tile++) {
    let from = part.from + <usize>tile * part.fromTile;
    let to = part.to + (<usize>tile << 6);
    for (let vector = 0; vector < 4; vector++) {
      for (let row: usize = 0; row < <usize>part.rows; row += 4) {
        turnFour(from + (row << 6), 64, to + (row << 2), laneBytes);
      }
      from += 16;
      to += <usize>tiles << 6;
    }
  }
}

/**
 * As matrix.ts's `multiplyTransposed`, where b is turned: [16 of its rows][4 lanes][4 vectors][tile][16]. c's rows have
 * room for a multiple of 16. If a's rows are lines, `Left` is Line; if they are longer it is Float, and a is turned too.
 */
export function multiplyTurned<Left>(
  rows: i32,
  count: i32,
  tiles: i32,
  a: usize,
  aTile: usize,
  aRow: usize,
  turned: usize,
  c: usize,
  cRow: usize,
  accumulate: bool,
): void {
  const fours = rows & ~3;
  const jump: usize = <usize>16 - <usize>tiles * aTile;
  const laneBytes = <usize>tiles << 8;
  const rowsBytes = <usize>rows << 6;
  let left = a;
  let leftLane: usize = 4;
  let leftStep = aTile;
  let leftJump = jump;
  if (offsetof<Left>() == offsetof<Float>()) {
    left = scratch + (rowsBytes << 2);
    leftLane = <usize>fours << 2;
    leftStep = leftLane << 4;
    leftJump = (leftLane << 2) - <usize>tiles * leftStep;
    turn(fours, tiles << 4, a, aRow, left, leftLane);
  }
  for (let column = 0; column < count; column += 16) {
    let to = scratch;
    for (let lane: usize = 0; lane < 4; lane++) {
      for (let row: usize = 0; row < <usize>fours; row += 4) {
        const from = left + lane * leftLane + row * offsetof<Left>();
        sumFour<Left>(tiles, tiles, 3, from, leftStep, leftJump, turned, 64, 0, ZEROS, 0, to + (row << 6), 64);
      }
      turned += laneBytes;
      to += rowsBytes;
    }
    turned -= laneBytes << 2;
    for (let row = fours; row < rows; row++) {
      const from = a + <usize>row * aRow;
      to = scratch + (<usize>row << 6);
      sumOne<Float>(tiles, tiles, 3, from, aTile, jump, turned, 64, 0, laneBytes, laneBytes, ZEROS, 0, to, rowsBytes);
    }
    addLanes(rows, c, cRow, accumulate);
    turned += laneBytes << 2;
    c += 64;
  }
}

/** The sums that are in scratch, [4 lanes][row][16], added up: as matrix.ts's `sumEach`. */
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
