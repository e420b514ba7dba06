/**
 * The gates' sums where the compiler under us joins two vectors of four floats that stand side by side into one of
 * eight (kernels.ts says where): a tile is two such vectors. Parameters are those of lstm.ts; `to` takes 64 bytes for
 * each tile of each row.
 *
 * It joins only what leads to stores side by side, so that every sum here is one of a pair. Eight floats at a time leave
 * half as many accumulators of the same shape: six rows of a whole tile are twelve again, and fewer rows take two or
 * four tiles to fill eight. Why blocks are short, half-tile-sums.ts says. Where nothing is joined all of this is right
 * too, but slow, since it needs more registers than there are.
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
      const last2 = end - 192;
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
        i = v128.load(w, 128);
        j = v128.load(w, 144);
        u = v128.load(w, 160);
        v = v128.load(w, 176);
        s = v128.load32_splat(a, 8);
        a0 = madd(s, i, a0);
        a1 = madd(s, j, a1);
        a2 = madd(s, u, a2);
        a3 = madd(s, v, a3);
        if (d == w) break;
        s = v128.load32_splat(b, 8);
        b0 = madd(s, i, b0);
        b1 = madd(s, j, b1);
        b2 = madd(s, u, b2);
        b3 = madd(s, v, b3);
        if (e == w) break;
        s = v128.load32_splat(c, 8);
        c0 = madd(s, i, c0);
        c1 = madd(s, j, c1);
        c2 = madd(s, u, c2);
        c3 = madd(s, v, c3);
        if (f == w) break;
        s = v128.load32_splat(d, 8);
        d0 = madd(s, i, d0);
        d1 = madd(s, j, d1);
        d2 = madd(s, u, d2);
        d3 = madd(s, v, d3);
        if (a == b) break;
        s = v128.load32_splat(e, 8);
        e0 = madd(s, i, e0);
        e1 = madd(s, j, e1);
        e2 = madd(s, u, e2);
        e3 = madd(s, v, e3);
        if (b == c) break;
        s = v128.load32_splat(f, 8);
        f0 = madd(s, i, f0);
        f1 = madd(s, j, f1);
        f2 = madd(s, u, f2);
        f3 = madd(s, v, f3);
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
    const last0 = end - 64;
    const last1 = end - 128;
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
      if (w == last0) break;
      s = v128.load32_splat(a, 4);
      t = v128.load32_splat(b, 4);
      i = v128.load(w, 64);
      j = v128.load(w, 80);
      a0 = madd(s, i, a0);
      a1 = madd(s, j, a1);
      b0 = madd(t, i, b0);
      b1 = madd(t, j, b1);
      i = v128.load(w, 96);
      j = v128.load(w, 112);
      a2 = madd(s, i, a2);
      a3 = madd(s, j, a3);
      b2 = madd(t, i, b2);
      b3 = madd(t, j, b3);
      if (a == w) break;
      i = v128.load(y, 64);
      j = v128.load(y, 80);
      a4 = madd(s, i, a4);
      a5 = madd(s, j, a5);
      b4 = madd(t, i, b4);
      b5 = madd(t, j, b5);
      i = v128.load(y, 96);
      j = v128.load(y, 112);
      a6 = madd(s, i, a6);
      a7 = madd(s, j, a7);
      b6 = madd(t, i, b6);
      b7 = madd(t, j, b7);
      if (w == last1) break;
      a += 8;
      b += 8;
      w += 128;
      y += 128;
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
    const last0 = end - 64;
    const last1 = end - 128;
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
      if (w == last0) break;
      s = v128.load32_splat(from, 4);
      a0 = madd(s, v128.load(w, 64), a0);
      a1 = madd(s, v128.load(w, 80), a1);
      a2 = madd(s, v128.load(w, 96), a2);
      a3 = madd(s, v128.load(w, 112), a3);
      b0 = madd(s, v128.load(u, 64), b0);
      b1 = madd(s, v128.load(u, 80), b1);
      b2 = madd(s, v128.load(u, 96), b2);
      b3 = madd(s, v128.load(u, 112), b3);
      if (!u) break;
      c0 = madd(s, v128.load(v, 64), c0);
      c1 = madd(s, v128.load(v, 80), c1);
      c2 = madd(s, v128.load(v, 96), c2);
      c3 = madd(s, v128.load(v, 112), c3);
      d0 = madd(s, v128.load(y, 64), d0);
      d1 = madd(s, v128.load(y, 80), d1);
      d2 = madd(s, v128.load(y, 96), d2);
      d3 = madd(s, v128.load(y, 112), d3);
      if (w == last1) break;
      from += 8;
      w += 128;
      u += 128;
      v += 128;
      y += 128;
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
