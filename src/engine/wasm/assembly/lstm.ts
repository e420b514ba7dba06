/**
 * The gates' sums of one step of an LSTM, W x + R h + b, for a block of rows, and then its cells.
 *
 * A tile is four units: their i, f, c and o gates are four vectors. Tiles run outside and rows inside, so that one
 * tile's weights stay in the first-level cache. Six rows of half a tile are twelve accumulators: two fused
 * multiply-adds a cycle at a latency of four keep eight busy, and four more let a delayed one catch up. Rows that are
 * left over go four at a time, then two with a whole tile, and a last one with two tiles.
 *
 * The compiler under us moves every load of a basic block before the block's arithmetic, and then runs out of its 15
 * registers. Hence short blocks: each ends in a branch, out of the loop if this k was the last, or on something that
 * never happens (an address that is 0, or two that are equal), which costs next to nothing. The compiler drops a
 * question it has had the answer to, so that each is asked once.
 *
 * Every output is accumulated in the same order, from the same start, by the same operations, whichever shape runs
 * it: results do not depend on how rows are grouped.
 */
import { updateCells } from "./cells";
import { madd } from "./arithmetic";

/**
 * @param weights tiles of [inputs + 4 * tiles][16].
 * @param start what accumulators start from: row r, tile p at start + r * startStride + 64 p.
 * @param x the step's inputs, `inputs` floats a row; not read where `inputs` is 0.
 * @param state h of the step before, 4 * tiles floats a row; 0 for the first step, where it is zero.
 * @param cell c of the step before, zeros for the first step; becomes that of this step.
 * @param stateOut h of this step.
 * @param sums to work in: 64 bytes for each row, or for each tile if there are more.
 * Strides are in bytes; cells and states have the same, `unitStride`.
 */
export function lstmStep(
  rows: i32,
  tiles: i32,
  inputs: i32,
  weights: usize,
  start: usize,
  startStride: usize,
  x: usize,
  xStride: usize,
  state: usize,
  cell: usize,
  stateOut: usize,
  unitStride: usize,
  sums: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  const tileBytes: usize = <usize>(inputs + 4 * tiles) << 6;
  const grouped = rows & ~1;
  const sixes = grouped - (grouped % 6);
  const fours = (grouped - sixes) & ~3;
  for (let p = 0; p < tiles && grouped; p++) {
    const w = weights + <usize>p * tileBytes;
    const b = start + (<usize>p << 6);
    let r: usize = 0;
    if (sixes) {
      sumSixes(sixes, tiles, inputs, w, b, startStride, x, xStride, state, unitStride, sums);
      sumSixes(sixes, tiles, inputs, w + 32, b + 32, startStride, x, xStride, state, unitStride, sums + 32);
      r = sixes;
    }
    if (fours) {
      const a = b + r * startStride;
      const y = x + r * xStride;
      const h: usize = state ? state + r * unitStride : 0;
      const to = sums + (r << 6);
      sumFours(fours, tiles, inputs, w, a, startStride, y, xStride, h, unitStride, to);
      sumFours(fours, tiles, inputs, w + 32, a + 32, startStride, y, xStride, h, unitStride, to + 32);
      r += fours;
    }
    if (r != grouped) {
      const h: usize = state ? state + r * unitStride : 0;
      sumPair(tiles, inputs, w, b + r * startStride, startStride, x + r * xStride, xStride, h, unitStride, sums + (r << 6));
    }
    const unit = <usize>p << 4;
    updateCells(grouped, sums, cell + unit, stateOut + unit, unitStride, activation, recurrentActivation);
  }
  if (grouped != rows) {
    const r = <usize>grouped;
    const h: usize = state ? state + r * unitStride : 0;
    start += r * startStride;
    x += r * xStride;
    let p = 0;
    for (; p + 2 <= tiles; p += 2) {
      const at = <usize>p << 6;
      sumTwoTiles(tiles, inputs, weights + <usize>p * tileBytes, tileBytes, start + at, x, h, sums + at);
    }
    if (p < tiles) {
      const at = <usize>p << 6;
      sumTile(tiles, inputs, weights + <usize>p * tileBytes, start + at, x, h, sums + at);
    }
    const unit = r * unitStride;
    updateCells(tiles, sums, cell + unit, stateOut + unit, 16, activation, recurrentActivation);
  }
}

/** The sums of half a tile, two gates of four units, six rows at a time. */
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

/** The same, four rows at a time. */
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

/** The sums of one tile of two rows. */
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

/** The sums of two tiles of one row. */
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

/** The sums of the last tile of one row, where the number of tiles is odd. */
function sumTile(tiles: i32, inputs: i32, weights: usize, start: usize, x: usize, state: usize, to: usize): void {
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
