/**
 * The gates' sums for the last rows where vectors are joined: what joined-tile-sums.ts says holds here too. A row or
 * two take four or two tiles at a time to fill eight accumulators.
 */
import { madd } from "./arithmetic";

/** Two tiles of two rows; those of the second row go to `to` + `toStride`. */
export function sumPairOfTwoTiles(
  tiles: i32,
  inputs: i32,
  weights: usize,
  tileBytes: usize,
  start: usize,
  startStride: usize,
  x: usize,
  xStride: usize,
  state: usize,
  unitStride: usize,
  to: usize,
  toStride: usize,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let a2 = v128.load(start, 32);
  let a3 = v128.load(start, 48);
  let a4 = v128.load(start, 64);
  let a5 = v128.load(start, 80);
  let a6 = v128.load(start, 96);
  let a7 = v128.load(start, 112);
  start += startStride;
  let b0 = v128.load(start);
  let b1 = v128.load(start, 16);
  let b2 = v128.load(start, 32);
  let b3 = v128.load(start, 48);
  let b4 = v128.load(start, 64);
  let b5 = v128.load(start, 80);
  let b6 = v128.load(start, 96);
  let b7 = v128.load(start, 112);
  let w = weights;
  let y = weights + tileBytes;
  let a = x;
  let b = x + xStride;
  let k = inputs;
  let inInputs = k != 0;
  if (!inInputs) {
    a = state;
    b = state + unitStride;
    k = state ? 4 * tiles : 0;
  }
  while (k) {
    const end = w + (<usize>k << 6);
    const last = end - 64;
    let i: v128;
    let j: v128;
    let s: v128;
    let t: v128;
    while (true) {
      s = v128.load32_splat(a);
      t = v128.load32_splat(b);
      i = v128.load(w);
      j = v128.load(w, 16);
      a0 = madd(s, i, a0);
      a1 = madd(s, j, a1);
      b0 = madd(t, i, b0);
      b1 = madd(t, j, b1);
      i = v128.load(w, 32);
      j = v128.load(w, 48);
      a2 = madd(s, i, a2);
      a3 = madd(s, j, a3);
      b2 = madd(t, i, b2);
      b3 = madd(t, j, b3);
      if (!b) break;
      i = v128.load(y);
      j = v128.load(y, 16);
      a4 = madd(s, i, a4);
      a5 = madd(s, j, a5);
      b4 = madd(t, i, b4);
      b5 = madd(t, j, b5);
      i = v128.load(y, 32);
      j = v128.load(y, 48);
      a6 = madd(s, i, a6);
      a7 = madd(s, j, a7);
      b6 = madd(t, i, b6);
      b7 = madd(t, j, b7);
      if (w == last) break;
      a += 4;
      b += 4;
      w += 64;
      y += 64;
    }
    if (!inInputs || !state) break;
    inInputs = false;
    w = end;
    y = end + tileBytes;
    a = state;
    b = state + unitStride;
    k = 4 * tiles;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
  v128.store(to, a4, 64);
  v128.store(to, a5, 80);
  v128.store(to, a6, 96);
  v128.store(to, a7, 112);
  to += toStride;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  v128.store(to, b2, 32);
  v128.store(to, b3, 48);
  v128.store(to, b4, 64);
  v128.store(to, b5, 80);
  v128.store(to, b6, 96);
  v128.store(to, b7, 112);
}

/** Four tiles of one row. */
export function sumFourTiles(
  tiles: i32,
  inputs: i32,
  weights: usize,
  tileBytes: usize,
  start: usize,
  x: usize,
  state: usize,
  to: usize,
): void {
  let a0 = v128.load(start);
  let a1 = v128.load(start, 16);
  let a2 = v128.load(start, 32);
  let a3 = v128.load(start, 48);
  let b0 = v128.load(start, 64);
  let b1 = v128.load(start, 80);
  let b2 = v128.load(start, 96);
  let b3 = v128.load(start, 112);
  let c0 = v128.load(start, 128);
  let c1 = v128.load(start, 144);
  let c2 = v128.load(start, 160);
  let c3 = v128.load(start, 176);
  let d0 = v128.load(start, 192);
  let d1 = v128.load(start, 208);
  let d2 = v128.load(start, 224);
  let d3 = v128.load(start, 240);
  let w = weights;
  let u = w + tileBytes;
  let v = u + tileBytes;
  let y = v + tileBytes;
  let from = x;
  let k = inputs;
  let inInputs = k != 0;
  if (!inInputs) {
    from = state;
    k = state ? 4 * tiles : 0;
  }
  while (k) {
    const end = w + (<usize>k << 6);
    const last = end - 64;
    let s: v128;
    while (true) {
      s = v128.load32_splat(from);
      a0 = madd(s, v128.load(w), a0);
      a1 = madd(s, v128.load(w, 16), a1);
      a2 = madd(s, v128.load(w, 32), a2);
      a3 = madd(s, v128.load(w, 48), a3);
      b0 = madd(s, v128.load(u), b0);
      b1 = madd(s, v128.load(u, 16), b1);
      b2 = madd(s, v128.load(u, 32), b2);
      b3 = madd(s, v128.load(u, 48), b3);
      if (!w) break;
      c0 = madd(s, v128.load(v), c0);
      c1 = madd(s, v128.load(v, 16), c1);
      c2 = madd(s, v128.load(v, 32), c2);
      c3 = madd(s, v128.load(v, 48), c3);
      d0 = madd(s, v128.load(y), d0);
      d1 = madd(s, v128.load(y, 16), d1);
      d2 = madd(s, v128.load(y, 32), d2);
      d3 = madd(s, v128.load(y, 48), d3);
      if (w == last) break;
      from += 4;
      w += 64;
      u += 64;
      v += 64;
      y += 64;
    }
    if (!inInputs || !state) break;
    inInputs = false;
    w = end;
    u = w + tileBytes;
    v = u + tileBytes;
    y = v + tileBytes;
    from = state;
    k = 4 * tiles;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
  v128.store(to, b0, 64);
  v128.store(to, b1, 80);
  v128.store(to, b2, 96);
  v128.store(to, b3, 112);
  v128.store(to, c0, 128);
  v128.store(to, c1, 144);
  v128.store(to, c2, 160);
  v128.store(to, c3, 176);
  v128.store(to, d0, 192);
  v128.store(to, d1, 208);
  v128.store(to, d2, 224);
  v128.store(to, d3, 240);
}
