/**
 * The gates' sums of whole tiles, for the rows that are left over. Parameters are those of lstm.ts; `to` takes 64
 * bytes for each tile of each row. Why blocks are short, half-tile-sums.ts says.
 */
import { madd } from "./arithmetic";

/** One tile of two rows. */
export function sumPair(
  tiles: i32,
  inputs: i32,
  weights: usize,
  start: usize,
  startStride: usize,
  x: usize,
  xStride: usize,
  state: usize,
  unitStride: usize,
  to: usize,
): void {
  let i0 = v128.load(start);
  let f0 = v128.load(start, 16);
  let g0 = v128.load(start, 32);
  let o0 = v128.load(start, 48);
  start += startStride;
  let i1 = v128.load(start);
  let f1 = v128.load(start, 16);
  let g1 = v128.load(start, 32);
  let o1 = v128.load(start, 48);

  // The inputs, and then the state, through the same loop: `w` runs on from one to the other.
  let w = weights;
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
    const last0 = end - 64;
    const last1 = end - 128;
    const last2 = end - 192;
    const last3 = end - 256;
    let s: v128;
    let t: v128;
    let v: v128;
    while (true) {
      s = v128.load32_splat(a);
      t = v128.load32_splat(b);
      v = v128.load(w);
      i0 = madd(s, v, i0);
      i1 = madd(t, v, i1);
      v = v128.load(w, 16);
      f0 = madd(s, v, f0);
      f1 = madd(t, v, f1);
      v = v128.load(w, 32);
      g0 = madd(s, v, g0);
      g1 = madd(t, v, g1);
      v = v128.load(w, 48);
      o0 = madd(s, v, o0);
      o1 = madd(t, v, o1);
      if (w == last0) break;
      s = v128.load32_splat(a, 4);
      t = v128.load32_splat(b, 4);
      v = v128.load(w, 64);
      i0 = madd(s, v, i0);
      i1 = madd(t, v, i1);
      v = v128.load(w, 80);
      f0 = madd(s, v, f0);
      f1 = madd(t, v, f1);
      v = v128.load(w, 96);
      g0 = madd(s, v, g0);
      g1 = madd(t, v, g1);
      v = v128.load(w, 112);
      o0 = madd(s, v, o0);
      o1 = madd(t, v, o1);
      if (w == last1) break;
      s = v128.load32_splat(a, 8);
      t = v128.load32_splat(b, 8);
      v = v128.load(w, 128);
      i0 = madd(s, v, i0);
      i1 = madd(t, v, i1);
      v = v128.load(w, 144);
      f0 = madd(s, v, f0);
      f1 = madd(t, v, f1);
      v = v128.load(w, 160);
      g0 = madd(s, v, g0);
      g1 = madd(t, v, g1);
      v = v128.load(w, 176);
      o0 = madd(s, v, o0);
      o1 = madd(t, v, o1);
      if (w == last2) break;
      s = v128.load32_splat(a, 12);
      t = v128.load32_splat(b, 12);
      v = v128.load(w, 192);
      i0 = madd(s, v, i0);
      i1 = madd(t, v, i1);
      v = v128.load(w, 208);
      f0 = madd(s, v, f0);
      f1 = madd(t, v, f1);
      v = v128.load(w, 224);
      g0 = madd(s, v, g0);
      g1 = madd(t, v, g1);
      v = v128.load(w, 240);
      o0 = madd(s, v, o0);
      o1 = madd(t, v, o1);
      if (w == last3) break;
      a += 16;
      b += 16;
      w += 256;
    }
    if (!inInputs || !state) break;
    inInputs = false;
    w = end;
    a = state;
    b = state + unitStride;
    k = 4 * tiles;
  }

  v128.store(to, i0);
  v128.store(to, f0, 16);
  v128.store(to, g0, 32);
  v128.store(to, o0, 48);
  v128.store(to, i1, 64);
  v128.store(to, f1, 80);
  v128.store(to, g1, 96);
  v128.store(to, o1, 112);
}

/** Two tiles of one row. */
export function sumTwoTiles(
  tiles: i32,
  inputs: i32,
  weights: usize,
  tileBytes: usize,
  start: usize,
  x: usize,
  state: usize,
  to: usize,
): void {
  let i0 = v128.load(start);
  let f0 = v128.load(start, 16);
  let g0 = v128.load(start, 32);
  let o0 = v128.load(start, 48);
  let i1 = v128.load(start, 64);
  let f1 = v128.load(start, 80);
  let g1 = v128.load(start, 96);
  let o1 = v128.load(start, 112);
  let w = weights;
  let y = weights + tileBytes;
  let a = x;
  let k = inputs;
  let inInputs = k != 0;
  if (!inInputs) {
    a = state;
    k = state ? 4 * tiles : 0;
  }
  while (k) {
    const end = w + (<usize>k << 6);
    const last0 = end - 64;
    const last1 = end - 128;
    let s: v128;
    while (true) {
      s = v128.load32_splat(a);
      i0 = madd(s, v128.load(w), i0);
      f0 = madd(s, v128.load(w, 16), f0);
      g0 = madd(s, v128.load(w, 32), g0);
      o0 = madd(s, v128.load(w, 48), o0);
      if (!w) break;
      i1 = madd(s, v128.load(y), i1);
      f1 = madd(s, v128.load(y, 16), f1);
      g1 = madd(s, v128.load(y, 32), g1);
      o1 = madd(s, v128.load(y, 48), o1);
      if (w == last0) break;
      s = v128.load32_splat(a, 4);
      i0 = madd(s, v128.load(w, 64), i0);
      f0 = madd(s, v128.load(w, 80), f0);
      g0 = madd(s, v128.load(w, 96), g0);
      o0 = madd(s, v128.load(w, 112), o0);
      if (!y) break;
      i1 = madd(s, v128.load(y, 64), i1);
      f1 = madd(s, v128.load(y, 80), f1);
      g1 = madd(s, v128.load(y, 96), g1);
      o1 = madd(s, v128.load(y, 112), o1);
      if (w == last1) break;
      a += 8;
      w += 128;
      y += 128;
    }
    if (!inInputs || !state) break;
    inInputs = false;
    w = end;
    y = end + tileBytes;
    a = state;
    k = 4 * tiles;
  }
  v128.store(to, i0);
  v128.store(to, f0, 16);
  v128.store(to, g0, 32);
  v128.store(to, o0, 48);
  v128.store(to, i1, 64);
  v128.store(to, f1, 80);
  v128.store(to, g1, 96);
  v128.store(to, o1, 112);
}

/** The last tile of one row, where the number of tiles is odd. */
export function sumTile(tiles: i32, inputs: i32, weights: usize, start: usize, x: usize, state: usize, to: usize): void {
  let i0 = v128.load(start);
  let f0 = v128.load(start, 16);
  let g0 = v128.load(start, 32);
  let o0 = v128.load(start, 48);
  let w = weights;
  let a = x;
  let k = inputs;
  let inState = false;
  while (true) {
    for (let end = a + (<usize>k << 2); a < end; a += 4, w += 64) {
      const s = v128.load32_splat(a);
      i0 = madd(s, v128.load(w), i0);
      f0 = madd(s, v128.load(w, 16), f0);
      g0 = madd(s, v128.load(w, 32), g0);
      o0 = madd(s, v128.load(w, 48), o0);
    }
    if (inState || !state) break;
    inState = true;
    a = state;
    k = 4 * tiles;
  }
  v128.store(to, i0);
  v128.store(to, f0, 16);
  v128.store(to, g0, 32);
  v128.store(to, o0, 48);
}
