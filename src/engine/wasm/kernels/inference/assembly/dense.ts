/**
 * A dense layer over rows that lie anywhere: row r of step t is read at from + r * fromRow + t * fromStep.
 *
 * Most rows are computed six at a time with eight columns (a panel), the rest four at a time, and the last ones alone
 * with four panels; ../../templates/sums-template.mjs says why these shapes. The outer loop runs over panels and the inner
 * one over rows, so that a panel's weights stay in the first-level cache. Every output is the sum of the same terms in
 * the same order, whichever shape computes it.
 */
import { activate } from "./activations";
import { madd, storeFirst } from "./arithmetic";
import { sumPanelOfFourRows, sumPanelOfSixRows } from "./generated/panel-sums";

/**
 * to[t][r][0 .. columns) = activation(from[t][r][0 .. depth) . weights + bias)
 * @param weights panels of [depth][8], depth 1 or more.
 * @param bias of whole panels.
 * @param padded whether each row of `to` has room for whole panels.
 * @param sums 192 bytes to work in.
 */
export function dense(
  steps: i32,
  rows: i32,
  depth: i32,
  columns: i32,
  weights: usize,
  bias: usize,
  from: usize,
  fromRow: usize,
  fromStep: usize,
  to: usize,
  toRow: usize,
  toStep: usize,
  padded: bool,
  activation: i32,
  sums: usize,
): void {
  const width = padded ? (columns + 7) & ~7 : columns;
  // Where each step's rows follow those of the step before, a group of rows may reach over steps.
  if (fromStep == <usize>rows * fromRow) {
    denseRows(steps * rows, rows, depth, width, weights, bias, from, fromRow, to, toRow, toStep, activation, sums);
    return;
  }
  for (let t = 0; t < steps; t++, from += fromStep, to += toStep) {
    denseRows(rows, rows, depth, width, weights, bias, from, fromRow, to, toRow, 0, activation, sums);
  }
}

/** `all` rows at equal distances. Their results: `rows` rows of the first step, then `rows` rows of the next. */
function denseRows(
  all: i32,
  rows: i32,
  depth: i32,
  width: i32,
  weights: usize,
  bias: usize,
  from: usize,
  fromRow: usize,
  to: usize,
  toRow: usize,
  toStep: usize,
  activation: i32,
  sums: usize,
): void {
  const panels = (width + 7) >> 3;
  const panelBytes = <usize>depth << 5;
  const sixes = all - (all % 6);
  const fours = sixes + ((all - sixes) & ~3);
  // Bytes from the end of a step's last row to the first row of the next step.
  const wrap = toStep - <usize>rows * toRow;
  for (let p = 0; p < panels; p++) {
    const w = weights + <usize>p * panelBytes;
    const start = bias + (<usize>p << 5);
    const left = width - (p << 3);
    let a = from;
    let c = to + (<usize>p << 5);
    let r = 0;
    for (let m = 0; m < fours; ) {
      const count = m < sixes ? 6 : 4;
      if (count == 6) sumPanelOfSixRows(depth, w, start, a, fromRow, sums);
      else sumPanelOfFourRows(depth, w, start, a, fromRow, sums);
      for (let s = sums, end = sums + (<usize>count << 5); s < end; s += 32) {
        finish(c, v128.load(s), v128.load(s, 16), left, activation);
        c += toRow;
        if (++r == rows) r = 0, c += wrap;
      }
      a += <usize>count * fromRow;
      m += count;
    }
  }
  for (let m = fours; m < all; m++) {
    const a = from + <usize>m * fromRow;
    const c = to + <usize>(m % rows) * toRow + <usize>(m / rows) * toStep;
    let p = 0;
    for (; p + 4 <= panels; p += 4) {
      const at = <usize>p << 5;
      oneRowFourPanels(depth, weights + <usize>p * panelBytes, panelBytes, bias + at, a, c + at, width - (p << 3), activation);
    }
    for (; p < panels; p++) {
      const at = <usize>p << 5;
      oneRow(depth, weights + <usize>p * panelBytes, bias + at, a, c + at, width - (p << 3), activation);
    }
  }
}

@inline
function finish(to: usize, low: v128, high: v128, width: i32, activation: i32): void {
  if (activation) {
    low = activate(activation, low);
    high = activate(activation, high);
  }
  if (width >= 8) {
    v128.store(to, low);
    v128.store(to, high, 16);
  } else {
    storeFirst(to, low, width);
    if (width > 4) storeFirst(to + 16, high, width - 4);
  }
}

/** Four panels of one row: `width` columns of them at `to`, those that the row has. */
export function oneRowFourPanels(
  depth: i32,
  w: usize,
  panelBytes: usize,
  start: usize,
  a: usize,
  to: usize,
  width: i32,
  activation: i32,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let b0 = v128.load(start, 32);
  let b1 = v128.load(start, 48);
  let c0 = v128.load(start, 64);
  let c1 = v128.load(start, 80);
  let d0 = v128.load(start, 96);
  let d1 = v128.load(start, 112);
  let x = w + panelBytes;
  let y = x + panelBytes;
  let z = y + panelBytes;
  for (let end = a + (<usize>depth << 2); a < end; a += 4, w += 32, x += 32, y += 32, z += 32) {
    const s = v128.load32_splat(a);
    a0 = madd(s, v128.load(w), a0);
    a1 = madd(s, v128.load(w, 16), a1);
    b0 = madd(s, v128.load(x), b0);
    b1 = madd(s, v128.load(x, 16), b1);
    if (!w) break;
    c0 = madd(s, v128.load(y), c0);
    c1 = madd(s, v128.load(y, 16), c1);
    d0 = madd(s, v128.load(z), d0);
    d1 = madd(s, v128.load(z, 16), d1);
  }
  finish(to, a0, a1, width, activation);
  finish(to + 32, b0, b1, width - 8, activation);
  finish(to + 64, c0, c1, width - 16, activation);
  finish(to + 96, d0, d1, width - 24, activation);
}

function oneRow(depth: i32, w: usize, start: usize, a: usize, to: usize, width: i32, activation: i32): void {
  let low = v128.load(start);
  let high = v128.load(start, 16);
  for (let end = a + (<usize>depth << 2); a < end; a += 4, w += 32) {
    const s = v128.load32_splat(a);
    low = madd(s, v128.load(w), low);
    high = madd(s, v128.load(w, 16), high);
  }
  finish(to, low, high, width, activation);
}
