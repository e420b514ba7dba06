/**
 * The gates' sums of whole tiles for groups of rows, where the compiler under us joins two vectors of four floats that
 * stand side by side into one of eight (../vector-joining.ts). Parameters are those of lstm.ts; `to` takes 64 bytes a
 * row.
 *
 * It joins what leads to stores side by side, so that the sums here come in pairs. A tile is two such vectors: six rows
 * are twelve accumulators again, as with half a tile of single ones. Why blocks are short, half-tile-sums.ts says.
 * Where nothing is joined all of this is right too, but slow, since it needs more registers than there are.
 */
import { madd } from "./arithmetic";

/** One tile, six rows at a time. */
export function sumSixesOfTile(
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
    let a2 = v128.load(start, 32);
    let a3 = v128.load(start, 48);
    start += startStride;
    let b0 = v128.load(start);
    let b1 = v128.load(start, 16);
    let b2 = v128.load(start, 32);
    let b3 = v128.load(start, 48);
    start += startStride;
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    let c2 = v128.load(start, 32);
    let c3 = v128.load(start, 48);
    start += startStride;
    let d0 = v128.load(start);
    let d1 = v128.load(start, 16);
    let d2 = v128.load(start, 32);
    let d3 = v128.load(start, 48);
    start += startStride;
    let e0 = v128.load(start);
    let e1 = v128.load(start, 16);
    let e2 = v128.load(start, 32);
    let e3 = v128.load(start, 48);
    start += startStride;
    let f0 = v128.load(start);
    let f1 = v128.load(start, 16);
    let f2 = v128.load(start, 32);
    let f3 = v128.load(start, 48);
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
      let i: v128;
      let j: v128;
      let u: v128;
      let v: v128;
      let s: v128;
      while (true) {
        i = v128.load(w);
        j = v128.load(w, 16);
        u = v128.load(w, 32);
        v = v128.load(w, 48);
        s = v128.load32_splat(a);
        a0 = madd(s, i, a0);
        a1 = madd(s, j, a1);
        a2 = madd(s, u, a2);
        a3 = madd(s, v, a3);
        if (!a) break;
        s = v128.load32_splat(b);
        b0 = madd(s, i, b0);
        b1 = madd(s, j, b1);
        b2 = madd(s, u, b2);
        b3 = madd(s, v, b3);
        if (!b) break;
        s = v128.load32_splat(c);
        c0 = madd(s, i, c0);
        c1 = madd(s, j, c1);
        c2 = madd(s, u, c2);
        c3 = madd(s, v, c3);
        if (!c) break;
        s = v128.load32_splat(d);
        d0 = madd(s, i, d0);
        d1 = madd(s, j, d1);
        d2 = madd(s, u, d2);
        d3 = madd(s, v, d3);
        if (!d) break;
        s = v128.load32_splat(e);
        e0 = madd(s, i, e0);
        e1 = madd(s, j, e1);
        e2 = madd(s, u, e2);
        e3 = madd(s, v, e3);
        if (!e) break;
        s = v128.load32_splat(f);
        f0 = madd(s, i, f0);
        f1 = madd(s, j, f1);
        f2 = madd(s, u, f2);
        f3 = madd(s, v, f3);
        if (w == last0) break;
        i = v128.load(w, 64);
        j = v128.load(w, 80);
        u = v128.load(w, 96);
        v = v128.load(w, 112);
        s = v128.load32_splat(a, 4);
        a0 = madd(s, i, a0);
        a1 = madd(s, j, a1);
        a2 = madd(s, u, a2);
        a3 = madd(s, v, a3);
        if (!f) break;
        s = v128.load32_splat(b, 4);
        b0 = madd(s, i, b0);
        b1 = madd(s, j, b1);
        b2 = madd(s, u, b2);
        b3 = madd(s, v, b3);
        if (!w) break;
        s = v128.load32_splat(c, 4);
        c0 = madd(s, i, c0);
        c1 = madd(s, j, c1);
        c2 = madd(s, u, c2);
        c3 = madd(s, v, c3);
        if (a == w) break;
        s = v128.load32_splat(d, 4);
        d0 = madd(s, i, d0);
        d1 = madd(s, j, d1);
        d2 = madd(s, u, d2);
        d3 = madd(s, v, d3);
        if (b == w) break;
        s = v128.load32_splat(e, 4);
        e0 = madd(s, i, e0);
        e1 = madd(s, j, e1);
        e2 = madd(s, u, e2);
        e3 = madd(s, v, e3);
        if (c == w) break;
        s = v128.load32_splat(f, 4);
        f0 = madd(s, i, f0);
        f1 = madd(s, j, f1);
        f2 = madd(s, u, f2);
        f3 = madd(s, v, f3);
        if (w == last1) break;
        a += 8;
        b += 8;
        c += 8;
        d += 8;
        e += 8;
        f += 8;
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
    v128.store(to, e0, 256);
    v128.store(to, e1, 272);
    v128.store(to, e2, 288);
    v128.store(to, e3, 304);
    v128.store(to, f0, 320);
    v128.store(to, f1, 336);
    v128.store(to, f2, 352);
    v128.store(to, f3, 368);
    to += 384;
    x += 6 * xStride;
    if (state) state += 6 * unitStride;
  }
}

/** One tile, four rows at a time. */
export function sumFoursOfTile(
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
    let a2 = v128.load(start, 32);
    let a3 = v128.load(start, 48);
    start += startStride;
    let b0 = v128.load(start);
    let b1 = v128.load(start, 16);
    let b2 = v128.load(start, 32);
    let b3 = v128.load(start, 48);
    start += startStride;
    let c0 = v128.load(start);
    let c1 = v128.load(start, 16);
    let c2 = v128.load(start, 32);
    let c3 = v128.load(start, 48);
    start += startStride;
    let d0 = v128.load(start);
    let d1 = v128.load(start, 16);
    let d2 = v128.load(start, 32);
    let d3 = v128.load(start, 48);
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
      let i: v128;
      let j: v128;
      let u: v128;
      let v: v128;
      let s: v128;
      while (true) {
        i = v128.load(w);
        j = v128.load(w, 16);
        u = v128.load(w, 32);
        v = v128.load(w, 48);
        s = v128.load32_splat(a);
        a0 = madd(s, i, a0);
        a1 = madd(s, j, a1);
        a2 = madd(s, u, a2);
        a3 = madd(s, v, a3);
        if (!a) break;
        s = v128.load32_splat(b);
        b0 = madd(s, i, b0);
        b1 = madd(s, j, b1);
        b2 = madd(s, u, b2);
        b3 = madd(s, v, b3);
        if (!b) break;
        s = v128.load32_splat(c);
        c0 = madd(s, i, c0);
        c1 = madd(s, j, c1);
        c2 = madd(s, u, c2);
        c3 = madd(s, v, c3);
        if (!c) break;
        s = v128.load32_splat(d);
        d0 = madd(s, i, d0);
        d1 = madd(s, j, d1);
        d2 = madd(s, u, d2);
        d3 = madd(s, v, d3);
        if (w == last0) break;
        i = v128.load(w, 64);
        j = v128.load(w, 80);
        u = v128.load(w, 96);
        v = v128.load(w, 112);
        s = v128.load32_splat(a, 4);
        a0 = madd(s, i, a0);
        a1 = madd(s, j, a1);
        a2 = madd(s, u, a2);
        a3 = madd(s, v, a3);
        if (!d) break;
        s = v128.load32_splat(b, 4);
        b0 = madd(s, i, b0);
        b1 = madd(s, j, b1);
        b2 = madd(s, u, b2);
        b3 = madd(s, v, b3);
        if (!w) break;
        s = v128.load32_splat(c, 4);
        c0 = madd(s, i, c0);
        c1 = madd(s, j, c1);
        c2 = madd(s, u, c2);
        c3 = madd(s, v, c3);
        if (a == w) break;
        s = v128.load32_splat(d, 4);
        d0 = madd(s, i, d0);
        d1 = madd(s, j, d1);
        d2 = madd(s, u, d2);
        d3 = madd(s, v, d3);
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
    to += 256;
    x += 4 * xStride;
    if (state) state += 4 * unitStride;
  }
}

