/**
 * The gates' sums of half a tile, two gates of four units, for groups of rows. Parameters are those of lstm.ts, with
 * `weights` and `start` at the half that is meant; `to` takes 64 bytes a row, of which the half's 32 are written.
 *
 * The compiler under us moves every load of a basic block before the block's arithmetic, and then runs out of its 15
 * registers. Hence short blocks: each ends in a branch, out of the loop if this k was the last, or on something that
 * never happens (an address that is 0, or two that are equal), which costs next to nothing. The compiler drops a
 * question it has had the answer to, so that each is asked once.
 */
import { madd } from "./arithmetic";

/** Six rows at a time. */
export function sumSixes(
  rows: i32,
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
  for (let r = 0; r < rows; r += 6) {
    let a0 = v128.load(start);
    let a1 = v128.load(start, 16);
    start += startStride;
    let b0 = v128.load(start);
    let b1 = v128.load(start, 16);
    start += startStride;
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    start += startStride;
    let d0 = v128.load(start);
    let d1 = v128.load(start, 16);
    start += startStride;
    let e0 = v128.load(start);
    let e1 = v128.load(start, 16);
    start += startStride;
    let f0 = v128.load(start);
    let f1 = v128.load(start, 16);
    start += startStride;
    let w = weights;
    let k = inputs;
    let from = x;
    let stride = xStride;
    let inInputs = k != 0;
    if (!inInputs) {
      k = state ? 4 * tiles : 0;
      from = state;
      stride = unitStride;
    }
    while (k) {
      let a = from;
      let b = a + stride;
      let c = b + stride;
      let d = c + stride;
      let e = d + stride;
      let f = e + stride;
      const end = w + (<usize>k << 6);
      const last0 = end - 64;
      const last1 = end - 128;
      const last2 = end - 192;
      let v: v128;
      let z: v128;
      let s: v128;
      while (true) {
        v = v128.load(w);
        z = v128.load(w, 16);
        s = v128.load32_splat(a);
        a0 = madd(s, v, a0);
        a1 = madd(s, z, a1);
        if (!a) break;
        s = v128.load32_splat(b);
        b0 = madd(s, v, b0);
        b1 = madd(s, z, b1);
        if (!b) break;
        s = v128.load32_splat(c);
        c0 = madd(s, v, c0);
        c1 = madd(s, z, c1);
        if (!c) break;
        s = v128.load32_splat(d);
        d0 = madd(s, v, d0);
        d1 = madd(s, z, d1);
        if (!d) break;
        s = v128.load32_splat(e);
        e0 = madd(s, v, e0);
        e1 = madd(s, z, e1);
        if (!e) break;
        s = v128.load32_splat(f);
        f0 = madd(s, v, f0);
        f1 = madd(s, z, f1);
        if (w == last0) break;
        v = v128.load(w, 64);
        z = v128.load(w, 80);
        s = v128.load32_splat(a, 4);
        a0 = madd(s, v, a0);
        a1 = madd(s, z, a1);
        if (!f) break;
        s = v128.load32_splat(b, 4);
        b0 = madd(s, v, b0);
        b1 = madd(s, z, b1);
        if (!w) break;
        s = v128.load32_splat(c, 4);
        c0 = madd(s, v, c0);
        c1 = madd(s, z, c1);
        if (a == w) break;
        s = v128.load32_splat(d, 4);
        d0 = madd(s, v, d0);
        d1 = madd(s, z, d1);
        if (b == w) break;
        s = v128.load32_splat(e, 4);
        e0 = madd(s, v, e0);
        e1 = madd(s, z, e1);
        if (c == w) break;
        s = v128.load32_splat(f, 4);
        f0 = madd(s, v, f0);
        f1 = madd(s, z, f1);
        if (w == last1) break;
        v = v128.load(w, 128);
        z = v128.load(w, 144);
        s = v128.load32_splat(a, 8);
        a0 = madd(s, v, a0);
        a1 = madd(s, z, a1);
        if (d == w) break;
        s = v128.load32_splat(b, 8);
        b0 = madd(s, v, b0);
        b1 = madd(s, z, b1);
        if (e == w) break;
        s = v128.load32_splat(c, 8);
        c0 = madd(s, v, c0);
        c1 = madd(s, z, c1);
        if (f == w) break;
        s = v128.load32_splat(d, 8);
        d0 = madd(s, v, d0);
        d1 = madd(s, z, d1);
        if (a == b) break;
        s = v128.load32_splat(e, 8);
        e0 = madd(s, v, e0);
        e1 = madd(s, z, e1);
        if (b == c) break;
        s = v128.load32_splat(f, 8);
        f0 = madd(s, v, f0);
        f1 = madd(s, z, f1);
        if (w == last2) break;
        a += 12;
        b += 12;
        c += 12;
        d += 12;
        e += 12;
        f += 12;
        w += 192;
      }
      if (!inInputs || !state) break;
      inInputs = false;
      w = end;
      k = 4 * tiles;
      from = state;
      stride = unitStride;
    }
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to, b0, 64);
    v128.store(to, b1, 80);
    v128.store(to, c0, 128);
    v128.store(to, c1, 144);
    v128.store(to, d0, 192);
    v128.store(to, d1, 208);
    v128.store(to, e0, 256);
    v128.store(to, e1, 272);
    v128.store(to, f0, 320);
    v128.store(to, f1, 336);
    to += 384;
    x += 6 * xStride;
    if (state) state += 6 * unitStride;
  }
}

/** Four rows at a time. */
export function sumFours(
  rows: i32,
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
  for (let r = 0; r < rows; r += 4) {
    let a0 = v128.load(start);
    let a1 = v128.load(start, 16);
    start += startStride;
    let b0 = v128.load(start);
    let b1 = v128.load(start, 16);
    start += startStride;
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    start += startStride;
    let d0 = v128.load(start);
    let d1 = v128.load(start, 16);
    start += startStride;
    let w = weights;
    let k = inputs;
    let from = x;
    let stride = xStride;
    let inInputs = k != 0;
    if (!inInputs) {
      k = state ? 4 * tiles : 0;
      from = state;
      stride = unitStride;
    }
    while (k) {
      let a = from;
      let b = a + stride;
      let c = b + stride;
      let d = c + stride;
      const end = w + (<usize>k << 6);
      const last0 = end - 64;
      const last1 = end - 128;
      let v: v128;
      let z: v128;
      let s: v128;
      while (true) {
        v = v128.load(w);
        z = v128.load(w, 16);
        s = v128.load32_splat(a);
        a0 = madd(s, v, a0);
        a1 = madd(s, z, a1);
        s = v128.load32_splat(b);
        b0 = madd(s, v, b0);
        b1 = madd(s, z, b1);
        s = v128.load32_splat(c);
        c0 = madd(s, v, c0);
        c1 = madd(s, z, c1);
        s = v128.load32_splat(d);
        d0 = madd(s, v, d0);
        d1 = madd(s, z, d1);
        if (w == last0) break;
        v = v128.load(w, 64);
        z = v128.load(w, 80);
        s = v128.load32_splat(a, 4);
        a0 = madd(s, v, a0);
        a1 = madd(s, z, a1);
        s = v128.load32_splat(b, 4);
        b0 = madd(s, v, b0);
        b1 = madd(s, z, b1);
        s = v128.load32_splat(c, 4);
        c0 = madd(s, v, c0);
        c1 = madd(s, z, c1);
        s = v128.load32_splat(d, 4);
        d0 = madd(s, v, d0);
        d1 = madd(s, z, d1);
        if (w == last1) break;
        a += 8;
        b += 8;
        c += 8;
        d += 8;
        w += 128;
      }
      if (!inInputs || !state) break;
      inInputs = false;
      w = end;
      k = 4 * tiles;
      from = state;
      stride = unitStride;
    }
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to, b0, 64);
    v128.store(to, b1, 80);
    v128.store(to, c0, 128);
    v128.store(to, c1, 144);
    v128.store(to, d0, 192);
    v128.store(to, d1, 208);
    to += 256;
    x += 4 * xStride;
    if (state) state += 4 * unitStride;
  }
}
