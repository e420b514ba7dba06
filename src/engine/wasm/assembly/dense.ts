/**
 * A dense layer over rows that lie anywhere: row r of step t is read at from + r * fromRow + t * fromStep.
 *
 * Eight columns (a panel) of four rows are eight accumulators; a row without three partners takes four panels at a
 * time instead. Panels run outside and rows inside, so that a panel's weights stay in the first-level cache.
 * Every output is accumulated in the same order whichever shape runs it. Why blocks are short, lstm.ts says.
 */
import { activate } from "./activations";
import { madd, storeFirst } from "./arithmetic";

/**
 * to[t][r][0 .. columns) = activation(from[t][r][0 .. depth) . weights + start[r])
 * @param weights panels of [depth][8], depth 1 or more.
 * @param start row r, panel p at start + r * startRow + 32 p, the same at every step: a bias with startRow 0, say.
 * @param padded whether each row of `to` has room for whole panels.
 */
export function dense(
  steps: i32,
  rows: i32,
  depth: i32,
  columns: i32,
  weights: usize,
  start: usize,
  startRow: usize,
  from: usize,
  fromRow: usize,
  fromStep: usize,
  to: usize,
  toRow: usize,
  toStep: usize,
  padded: bool,
  activation: i32,
): void {
  const panels = (columns + 7) >> 3;
  const panelBytes = <usize>depth << 5;
  const all = steps * rows;
  const fours = all & ~3;
  for (let p = 0; p < panels; p++) {
    const w = weights + <usize>p * panelBytes;
    const b = start + (<usize>p << 5);
    const c = to + (<usize>p << 5);
    const width = padded ? 8 : columns - (p << 3);
    let t = 0;
    let r = 0;
    for (let m = 0; m < fours; m += 4) {
      const a0 = from + <usize>r * fromRow + <usize>t * fromStep;
      const b0 = b + <usize>r * startRow;
      const c0 = c + <usize>r * toRow + <usize>t * toStep;
      if (++r == rows) r = 0, t++;
      const a1 = from + <usize>r * fromRow + <usize>t * fromStep;
      const b1 = b + <usize>r * startRow;
      const c1 = c + <usize>r * toRow + <usize>t * toStep;
      if (++r == rows) r = 0, t++;
      const a2 = from + <usize>r * fromRow + <usize>t * fromStep;
      const b2 = b + <usize>r * startRow;
      const c2 = c + <usize>r * toRow + <usize>t * toStep;
      if (++r == rows) r = 0, t++;
      const a3 = from + <usize>r * fromRow + <usize>t * fromStep;
      const b3 = b + <usize>r * startRow;
      const c3 = c + <usize>r * toRow + <usize>t * toStep;
      if (++r == rows) r = 0, t++;
      fourRows(depth, w, a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, width, activation);
    }
  }
  for (let m = fours; m < all; m++) {
    const r = <usize>(m % rows);
    const t = <usize>(m / rows);
    const a = from + r * fromRow + t * fromStep;
    const b = start + r * startRow;
    const c = to + r * toRow + t * toStep;
    let p = 0;
    for (; p + 4 <= panels; p += 4) {
      const width = padded ? 32 : columns - (p << 3);
      oneRowFourPanels(depth, weights + <usize>p * panelBytes, panelBytes, a, b + (<usize>p << 5), c + (<usize>p << 5), width, activation);
    }
    for (; p < panels; p++) {
      const width = padded ? 8 : columns - (p << 3);
      oneRow(depth, weights + <usize>p * panelBytes, a, b + (<usize>p << 5), c + (<usize>p << 5), width, activation);
    }
  }
}

// @ts-ignore: decorator
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

export function fourRows(
  depth: i32,
  w: usize,
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  startA: usize,
  startB: usize,
  startC: usize,
  startD: usize,
  toA: usize,
  toB: usize,
  toC: usize,
  toD: usize,
  width: i32,
  activation: i32,
): void {
  let a0 = v128.load(startA);
  let a1 = v128.load(startA, 16);
  let b0 = v128.load(startB);
  let b1 = v128.load(startB, 16);
  let c0 = v128.load(startC);
  let c1 = v128.load(startC, 16);
  let d0 = v128.load(startD);
  let d1 = v128.load(startD, 16);
  const end = w + (<usize>depth << 5);
  const last0 = end - 32;
  const last1 = end - 64;
  let low: v128;
  let high: v128;
  let s: v128;
  while (true) {
    low = v128.load(w);
    high = v128.load(w, 16);
    s = v128.load32_splat(a);
    a0 = madd(s, low, a0);
    a1 = madd(s, high, a1);
    s = v128.load32_splat(b);
    b0 = madd(s, low, b0);
    b1 = madd(s, high, b1);
    s = v128.load32_splat(c);
    c0 = madd(s, low, c0);
    c1 = madd(s, high, c1);
    s = v128.load32_splat(d);
    d0 = madd(s, low, d0);
    d1 = madd(s, high, d1);
    if (w == last0) break;
    low = v128.load(w, 32);
    high = v128.load(w, 48);
    s = v128.load32_splat(a, 4);
    a0 = madd(s, low, a0);
    a1 = madd(s, high, a1);
    s = v128.load32_splat(b, 4);
    b0 = madd(s, low, b0);
    b1 = madd(s, high, b1);
    s = v128.load32_splat(c, 4);
    c0 = madd(s, low, c0);
    c1 = madd(s, high, c1);
    s = v128.load32_splat(d, 4);
    d0 = madd(s, low, d0);
    d1 = madd(s, high, d1);
    if (w == last1) break;
    a += 8;
    b += 8;
    c += 8;
    d += 8;
    w += 64;
  }
  finish(toA, a0, a1, width, activation);
  finish(toB, b0, b1, width, activation);
  finish(toC, c0, c1, width, activation);
  finish(toD, d0, d1, width, activation);
}

export function oneRowFourPanels(
  depth: i32,
  w: usize,
  panelBytes: usize,
  a: usize,
  start: usize,
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

function oneRow(depth: i32, w: usize, a: usize, start: usize, to: usize, width: i32, activation: i32): void {
  let low = v128.load(start);
  let high = v128.load(start, 16);
  for (let end = a + (<usize>depth << 2); a < end; a += 4, w += 32) {
    const s = v128.load32_splat(a);
    low = madd(s, v128.load(w), low);
    high = madd(s, v128.load(w, 16), high);
  }
  finish(to, low, high, width, activation);
}
