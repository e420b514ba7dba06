/**
 * The gates' sums of one step of a recurrent layer, W x + R h + b, for a block of rows, and then its states.
 *
 * A tile is four units: their gates are four vectors (../../../plan/gates.ts). The outer loop is over tiles and the inner
 * one over rows, so that one tile's weights stay in the first-level cache. Most rows are computed six at a time with half
 * a tile; the rest four at a time, then two with a whole tile, and a last one with two tiles. With wide vectors
 * (../../../wide-vectors.ts) every shape has twice as many tiles. ../../templates/sums-template.mjs says why these shapes.
 *
 * Every output is the sum of the same terms in the same order from the same start, whichever shape computes it. So
 * results do not depend on how many rows are computed together.
 */
import { OP_GRU, OP_LSTM } from "../../../plan/layout";
import { wideVectors } from "./arithmetic";
import { updateCells } from "./cells";
import {
  sumFourTilesOfOneRow,
  sumHalfTileOfFourRows,
  sumHalfTileOfSixRows,
  sumTileOfFourRows,
  sumTileOfOneRow,
  sumTileOfSixRows,
  sumTileOfTwoRows,
  sumTwoTilesOfOneRow,
  sumTwoTilesOfTwoRows,
} from "./generated/gate-sums";
import { updateGruStates } from "./gru";

/** The states of `count` tiles, whose sums follow one another, from the gates' sums. */
@inline
function updateStates(
  kind: i32,
  count: i32,
  sums: usize,
  cell: usize,
  state: usize,
  unitStride: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (kind == OP_LSTM) updateCells(count, sums, cell, state, unitStride, activation, recurrentActivation);
  else if (kind == OP_GRU) updateGruStates(count, sums, cell, state, unitStride, activation, recurrentActivation);
  else unreachable();
}

/**
 * @param kind OP_LSTM or OP_GRU.
 * @param weights tiles of [inputs + 4 * tiles][16].
 * @param start what accumulators start from: row r, tile p at start + r * startStride + 64 p.
 * @param x the step's inputs, `inputs` floats a row; not read where `inputs` is 0.
 * @param state h of the step before, 4 * tiles floats a row; 0 for the first step, where it is zero.
 * @param cell an LSTM's c of the step before, or a GRU's h, zeros for the first step; becomes that of this step.
 * @param stateOut h of this step.
 * @param sums to work in: 64 bytes for each row, and for each tile of two.
 * Strides are in bytes; cells and states have the same, `unitStride`.
 */
export function recurrentStep(
  kind: i32,
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
  const paired = rows & ~1;
  const sixes = paired - (paired % 6);
  const fours = (paired - sixes) & ~3;
  // The rows for which the outer loop runs over tiles. With wide vectors a last pair is not among them.
  const grouped = wideVectors ? sixes + fours : paired;
  for (let p = 0; p < tiles && grouped; p++) {
    const w = weights + <usize>p * tileBytes;
    const b = start + (<usize>p << 6);
    let r: usize = 0;
    if (sixes) {
      if (wideVectors) {
        sumTileOfSixRows(sixes, tiles, inputs, w, b, startStride, x, xStride, state, unitStride, sums);
      } else {
        sumHalfTileOfSixRows(sixes, tiles, inputs, w, b, startStride, x, xStride, state, unitStride, sums);
        sumHalfTileOfSixRows(sixes, tiles, inputs, w + 32, b + 32, startStride, x, xStride, state, unitStride, sums + 32);
      }
      r = sixes;
    }
    if (fours) {
      const a = b + r * startStride;
      const y = x + r * xStride;
      const h: usize = state ? state + r * unitStride : 0;
      const to = sums + (r << 6);
      if (wideVectors) {
        sumTileOfFourRows(fours, tiles, inputs, w, a, startStride, y, xStride, h, unitStride, to);
      } else {
        sumHalfTileOfFourRows(fours, tiles, inputs, w, a, startStride, y, xStride, h, unitStride, to);
        sumHalfTileOfFourRows(fours, tiles, inputs, w + 32, a + 32, startStride, y, xStride, h, unitStride, to + 32);
      }
      r += fours;
    }
    if (r != grouped) {
      const h: usize = state ? state + r * unitStride : 0;
      sumTileOfTwoRows(tiles, inputs, w, b + r * startStride, startStride, x + r * xStride, xStride, h, unitStride, sums + (r << 6));
    }
    const unit = <usize>p << 4;
    updateStates(kind, grouped, sums, cell + unit, stateOut + unit, unitStride, activation, recurrentActivation);
  }
  // The last one to three rows: one row (or pair) after the other, with all its tiles.
  let r = <usize>grouped;
  start += r * startStride;
  x += r * xStride;
  let h: usize = state ? state + r * unitStride : 0;
  if (r != paired) {
    pairSums(tiles, inputs, weights, tileBytes, start, startStride, x, xStride, h, unitStride, sums);
    // In `sums` the tiles of the second row follow those of the first, as its state follows the first one's.
    const unit = r * unitStride;
    updateStates(kind, 2 * tiles, sums, cell + unit, stateOut + unit, 16, activation, recurrentActivation);
    r += 2;
    start += 2 * startStride;
    x += 2 * xStride;
    if (h) h += 2 * unitStride;
  }
  if (r != rows) {
    rowSums(tiles, inputs, weights, tileBytes, start, x, h, sums);
    const unit = r * unitStride;
    updateStates(kind, tiles, sums, cell + unit, stateOut + unit, 16, activation, recurrentActivation);
  }
}

/** Every tile of two rows with wide vectors; in `sums` one row after the other. */
function pairSums(
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
  sums: usize,
): void {
  const rowBytes = <usize>tiles << 6;
  let at: usize = 0;
  let w = weights;
  let p = 0;
  for (; p + 2 <= tiles; p += 2, at += 128, w += 2 * tileBytes) {
    const to = sums + at;
    sumTwoTilesOfTwoRows(tiles, inputs, w, tileBytes, start + at, startStride, x, xStride, state, unitStride, to, rowBytes);
  }
  if (p < tiles) {
    sumTileOfOneRow(tiles, inputs, w, start + at, x, state, sums + at);
    const h: usize = state ? state + unitStride : 0;
    sumTileOfOneRow(tiles, inputs, w, start + startStride + at, x + xStride, h, sums + rowBytes + at);
  }
}

/** Every tile of one row. */
function rowSums(
  tiles: i32,
  inputs: i32,
  weights: usize,
  tileBytes: usize,
  start: usize,
  x: usize,
  state: usize,
  sums: usize,
): void {
  let at: usize = 0;
  let w = weights;
  let p = 0;
  if (wideVectors) {
    for (; p + 4 <= tiles; p += 4, at += 256, w += 4 * tileBytes) {
      sumFourTilesOfOneRow(tiles, inputs, w, tileBytes, start + at, x, state, sums + at);
    }
  }
  for (; p + 2 <= tiles; p += 2, at += 128, w += 2 * tileBytes) {
    sumTwoTilesOfOneRow(tiles, inputs, w, tileBytes, start + at, x, state, sums + at);
  }
  if (p < tiles) sumTileOfOneRow(tiles, inputs, w, start + at, x, state, sums + at);
}
