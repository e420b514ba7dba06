/**
 * One step of an LSTM for a block of rows.
 *
 * A tile is four units: their i, f, c and o gates are four vectors. Two rows at a time, a tile's accumulators are
 * eight registers, which is what two fused multiply-adds a cycle at a latency of four need; the state of both rows
 * is then updated while it is still in those registers. Tiles run outside and rows inside, so that one tile's
 * weights stay in the first-level cache. A row without a partner takes two tiles at a time instead.
 *
 * Every output is accumulated in the same order, from the same start, by the same operations, whichever of the
 * three shapes runs it: results do not depend on how rows are grouped.
 */
import { RELU, SIGMOID, TANH } from "../layout";
import { activate, relu, sigmoid, tanh } from "./activations";
import { madd } from "./arithmetic";

/** Cells with the two common activations have loops of their own: `i8` tanh, `i16` relu, `i32` whatever is asked for. */
// @ts-ignore: decorator
@inline
function candidate<Cell>(x: v128, activation: i32): v128 {
  if (sizeof<Cell>() == 1) return tanh(x);
  if (sizeof<Cell>() == 2) return relu(x);
  return activate(activation, x);
}

// @ts-ignore: decorator
@inline
function gate<Cell>(x: v128, activation: i32): v128 {
  if (sizeof<Cell>() <= 2) return sigmoid(x);
  return activate(activation, x);
}

/** c' = f c + i g and h' = o act(c') of four units. With `gates`, what backpropagation needs is kept: i, f, g, o. */
// @ts-ignore: decorator
@inline
function updateCell<Cell>(
  i: v128,
  f: v128,
  g: v128,
  o: v128,
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  gates: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  i = gate<Cell>(i, recurrentActivation);
  f = gate<Cell>(f, recurrentActivation);
  g = candidate<Cell>(g, activation);
  o = gate<Cell>(o, recurrentActivation);
  const c = madd(f, v128.load(cellIn), f32x4.mul(i, g));
  v128.store(cellOut, c);
  v128.store(stateOut, f32x4.mul(o, candidate<Cell>(c, activation)));
  if (gates) {
    v128.store(gates, i);
    v128.store(gates, f, 16);
    v128.store(gates, g, 32);
    v128.store(gates, o, 48);
  }
}

/**
 * @param weights tiles of [inputs + 4 * tiles][16].
 * @param start what accumulators start from: row r, tile p at start + r * startStride + 64 p.
 * @param x the step's inputs, `inputs` floats a row; not read where `inputs` is 0.
 * @param state h of the step before, 4 * tiles floats a row; 0 for the first step, where it is zero.
 * @param cellIn c of the step before; zeros for the first step. `cellOut` may be the same.
 * @param gates 0, or where to keep the gates: row r, tile p at gates + r * 64 tiles + 64 p.
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
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  unitStride: usize,
  gates: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (recurrentActivation == SIGMOID && activation == TANH) {
    step<i8>(rows, tiles, inputs, weights, start, startStride, x, xStride, state, cellIn, cellOut, stateOut, unitStride, gates, activation, recurrentActivation);
  } else if (recurrentActivation == SIGMOID && activation == RELU) {
    step<i16>(rows, tiles, inputs, weights, start, startStride, x, xStride, state, cellIn, cellOut, stateOut, unitStride, gates, activation, recurrentActivation);
  } else {
    step<i32>(rows, tiles, inputs, weights, start, startStride, x, xStride, state, cellIn, cellOut, stateOut, unitStride, gates, activation, recurrentActivation);
  }
}

function step<Cell>(
  rows: i32,
  tiles: i32,
  inputs: i32,
  weights: usize,
  start: usize,
  startStride: usize,
  x: usize,
  xStride: usize,
  state: usize,
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  unitStride: usize,
  gates: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  const tileBytes: usize = <usize>(inputs + 4 * tiles) << 6;
  const gateStride: usize = gates ? <usize>tiles << 6 : 0;
  const gateTile: usize = gates ? 64 : 0;
  const pairs = rows & ~1;
  if (pairs) {
    for (let p = 0; p < tiles; p++) {
      pairTile<Cell>(
        pairs, tiles, inputs, weights + <usize>p * tileBytes, start + (<usize>p << 6), startStride, x, xStride, state,
        cellIn + (<usize>p << 4), cellOut + (<usize>p << 4), stateOut + (<usize>p << 4), unitStride,
        gates + <usize>p * gateTile, gateStride, activation, recurrentActivation,
      );
    }
  }
  if (rows & 1) {
    const r = <usize>pairs;
    start += r * startStride;
    x += r * xStride;
    if (state) state += r * unitStride;
    cellIn += r * unitStride;
    cellOut += r * unitStride;
    stateOut += r * unitStride;
    gates += r * gateStride;
    let p = 0;
    for (; p + 2 <= tiles; p += 2) {
      rowTiles<Cell>(
        tiles, inputs, weights + <usize>p * tileBytes, tileBytes, start + (<usize>p << 6), x, state,
        cellIn + (<usize>p << 4), cellOut + (<usize>p << 4), stateOut + (<usize>p << 4),
        gates + <usize>p * gateTile, activation, recurrentActivation,
      );
    }
    if (p < tiles) {
      rowTile<Cell>(
        tiles, inputs, weights + <usize>p * tileBytes, start + (<usize>p << 6), x, state,
        cellIn + (<usize>p << 4), cellOut + (<usize>p << 4), stateOut + (<usize>p << 4),
        gates + <usize>p * gateTile, activation, recurrentActivation,
      );
    }
  }
}

/** One tile of an even number of rows, two at a time. */
function pairTile<Cell>(
  rows: i32,
  tiles: i32,
  inputs: i32,
  weights: usize,
  start: usize,
  startStride: usize,
  x: usize,
  xStride: usize,
  state: usize,
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  unitStride: usize,
  gates: usize,
  gateStride: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  for (let r = 0; r < rows; r += 2) {
    let i0 = v128.load(start);
    let f0 = v128.load(start, 16);
    let g0 = v128.load(start, 32);
    let o0 = v128.load(start, 48);
    start += startStride;
    let i1 = v128.load(start);
    let f1 = v128.load(start, 16);
    let g1 = v128.load(start, 32);
    let o1 = v128.load(start, 48);
    start += startStride;

    // The inputs, and then the state, through the same loops: `w` runs on from one to the other.
    let w = weights;
    let a = x;
    let b = x + xStride;
    let k = inputs;
    let inState = false;
    while (true) {
      for (let end = a + (<usize>(k & ~3) << 2); a < end; a += 16, b += 16, w += 256) {
        let s = v128.load32_splat(a);
        let t = v128.load32_splat(b);
        let v = v128.load(w);
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
      }
      for (let end = a + (<usize>(k & 3) << 2); a < end; a += 4, b += 4, w += 64) {
        const s = v128.load32_splat(a);
        const t = v128.load32_splat(b);
        let v = v128.load(w);
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
      }
      if (inState || !state) break;
      inState = true;
      a = state;
      b = state + unitStride;
      k = 4 * tiles;
    }

    updateCell<Cell>(i0, f0, g0, o0, cellIn, cellOut, stateOut, gates, activation, recurrentActivation);
    updateCell<Cell>(
      i1, f1, g1, o1, cellIn + unitStride, cellOut + unitStride, stateOut + unitStride, gates + gateStride,
      activation, recurrentActivation,
    );
    x += 2 * xStride;
    if (state) state += 2 * unitStride;
    cellIn += 2 * unitStride;
    cellOut += 2 * unitStride;
    stateOut += 2 * unitStride;
    gates += 2 * gateStride;
  }
}

/** Two tiles of one row. */
function rowTiles<Cell>(
  tiles: i32,
  inputs: i32,
  weights: usize,
  tileBytes: usize,
  start: usize,
  x: usize,
  state: usize,
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  gates: usize,
  activation: i32,
  recurrentActivation: i32,
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
  let inState = false;
  while (true) {
    for (let end = a + (<usize>(k & ~1) << 2); a < end; a += 8, w += 128, y += 128) {
      let s = v128.load32_splat(a);
      i0 = madd(s, v128.load(w), i0);
      f0 = madd(s, v128.load(w, 16), f0);
      g0 = madd(s, v128.load(w, 32), g0);
      o0 = madd(s, v128.load(w, 48), o0);
      i1 = madd(s, v128.load(y), i1);
      f1 = madd(s, v128.load(y, 16), f1);
      g1 = madd(s, v128.load(y, 32), g1);
      o1 = madd(s, v128.load(y, 48), o1);
      s = v128.load32_splat(a, 4);
      i0 = madd(s, v128.load(w, 64), i0);
      f0 = madd(s, v128.load(w, 80), f0);
      g0 = madd(s, v128.load(w, 96), g0);
      o0 = madd(s, v128.load(w, 112), o0);
      i1 = madd(s, v128.load(y, 64), i1);
      f1 = madd(s, v128.load(y, 80), f1);
      g1 = madd(s, v128.load(y, 96), g1);
      o1 = madd(s, v128.load(y, 112), o1);
    }
    if (k & 1) {
      const s = v128.load32_splat(a);
      i0 = madd(s, v128.load(w), i0);
      f0 = madd(s, v128.load(w, 16), f0);
      g0 = madd(s, v128.load(w, 32), g0);
      o0 = madd(s, v128.load(w, 48), o0);
      i1 = madd(s, v128.load(y), i1);
      f1 = madd(s, v128.load(y, 16), f1);
      g1 = madd(s, v128.load(y, 32), g1);
      o1 = madd(s, v128.load(y, 48), o1);
      w += 64;
      y += 64;
    }
    if (inState || !state) break;
    inState = true;
    a = state;
    k = 4 * tiles;
  }
  updateCell<Cell>(i0, f0, g0, o0, cellIn, cellOut, stateOut, gates, activation, recurrentActivation);
  updateCell<Cell>(
    i1, f1, g1, o1, cellIn + 16, cellOut + 16, stateOut + 16, gates ? gates + 64 : 0, activation, recurrentActivation,
  );
}

/** The last tile of one row, where the number of tiles is odd. */
function rowTile<Cell>(
  tiles: i32,
  inputs: i32,
  weights: usize,
  start: usize,
  x: usize,
  state: usize,
  cellIn: usize,
  cellOut: usize,
  stateOut: usize,
  gates: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
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
  updateCell<Cell>(i0, f0, g0, o0, cellIn, cellOut, stateOut, gates, activation, recurrentActivation);
}
