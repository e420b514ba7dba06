/**
 * LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000) over a block of windows, with r the recurrent
 * activation and a the activation:
 *
 *   i, f, o = r(x.W + h.R + b)   g = a(x.W + h.R + b)   c' = f c + i g   h' = o a(c')
 *
 * and backwards through time. Gates stand in tiles of 16 columns: i, f, g and o of four units.
 */
import { backwardCells, forwardCells } from "./cells";
import { multiply, multiplyTransposed } from "./matrix";
import { Operation } from "./plan";

/** Rows `first` to `first + rows` of the group. The zero first state is never multiplied, a repeated input only once. */
export function forwardLstm(lstm: Operation, first: usize, rows: i32): void {
  const input = lstm.input;
  const tiles = lstm.tiles;
  const tileBytes = lstm.gatesTile;
  const stateRow = lstm.stateRow;
  const recurrent = lstm.recurrentKernel;
  const recurrentTile = lstm.recurrentTile;
  const projected = lstm.projected + (first << 6);
  let x = input.data + first * input.rowBytes;
  let gates = lstm.gates + (first << 6);
  let h = lstm.states + first * stateRow;
  let c = lstm.cells + first * stateRow;
  if (lstm.repeated) project(lstm, rows, x, projected, lstm.projectedTile);
  for (let step = 0; step < lstm.steps; step++) {
    let start = projected;
    let startTile = lstm.projectedTile;
    if (!lstm.repeated) {
      project(lstm, rows, x, gates, tileBytes);
      start = gates;
      startTile = tileBytes;
    }
    const depth = step == 0 ? 0 : lstm.units;
    if (depth > 0 || lstm.repeated) {
      const before = h - lstm.stateStep;
      multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, start, startTile, 64, gates, tileBytes, 64);
    }
    forwardCells(lstm, step, rows, gates, h, c);
    x += input.stepBytes;
    gates += lstm.gatesStep;
    h += lstm.stateStep;
    c += lstm.stateStep;
  }
}

/** x.W + b of one timestep. */
function project(lstm: Operation, rows: i32, x: usize, to: usize, toTile: usize): void {
  const input = lstm.input;
  multiply(rows, input.width, lstm.tiles, x, input.rowBytes, lstm.kernel, lstm.kernelTile, lstm.bias, 64, 0, to, toTile, 64);
}

/** From the gradient of the output to those before the gates' activations, and to that of the input if asked for. */
export function backwardLstm(lstm: Operation, first: usize, rows: i32): void {
  const input = lstm.input;
  const output = lstm.output;
  const units = lstm.units;
  const tiles = lstm.tiles;
  const tileBytes = lstm.gatesTile;
  const last = <usize>(lstm.steps - 1);
  const sequences = output.steps > 1 || lstm.steps == 1;
  let gates = lstm.gates + (first << 6) + last * lstm.gatesStep;
  let c = lstm.cells + first * lstm.stateRow + last * lstm.stateStep;
  let dh = output.gradient + first * output.rowBytes;
  if (sequences) dh += last * output.stepBytes;
  const dc = lstm.cellGradient + first * lstm.stateRow;
  const asked = input.gradient != 0;
  let dx = input.gradient + first * input.rowBytes;
  if (!lstm.repeated) dx += last * input.stepBytes;
  for (let step = lstm.steps - 1; step >= 0; step--) {
    if (step < lstm.steps - 1) {
      multiplyTransposed(rows, units, tiles, gates + lstm.gatesStep, tileBytes, 64, lstm.recurrentKernel, lstm.recurrentTile, dh, output.rowBytes, sequences);
    }
    backwardCells(lstm, step, rows, gates, c, dh, dc);
    if (asked && !lstm.repeated) {
      multiplyTransposed(rows, input.width, tiles, gates, tileBytes, 64, lstm.kernel, lstm.kernelTile, dx, input.rowBytes, lstm.accumulate != 0);
    }
    gates -= lstm.gatesStep;
    c -= lstm.stateStep;
    if (sequences) dh -= output.stepBytes;
    dx -= input.stepBytes;
  }
  if (!lstm.repeated) return;
  const sums = lstm.projected + (first << 6);
  sumSteps(lstm, rows, lstm.gates + (first << 6), sums);
  if (!asked) return;
  dx = input.gradient + first * input.rowBytes;
  multiplyTransposed(rows, input.width, tiles, sums, lstm.projectedTile, 64, lstm.kernel, lstm.kernelTile, dx, input.rowBytes, lstm.accumulate != 0);
}

/** The sum over timesteps of the gates' gradients: what a repeated input gets. */
function sumSteps(lstm: Operation, rows: i32, gates: usize, sums: usize): void {
  const lines = <usize>rows << 6;
  for (let tile = 0; tile < lstm.tiles; tile++) {
    for (let line: usize = 0; line < lines; line += 16) {
      let at = gates + line;
      let sum = v128.load(at);
      for (let step = 1; step < lstm.steps; step++) {
        at += lstm.gatesStep;
        sum = f32x4.add(sum, v128.load(at));
      }
      v128.store(sums + line, sum);
    }
    gates += lstm.gatesTile;
    sums += lstm.projectedTile;
  }
}
