/**
 * LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000) over a block of windows, with r the recurrent
 * activation and a the activation:
 *
 *   i, f, o = r(x.W + h.R + b)   g = a(x.W + h.R + b)   c' = f c + i g   h' = o a(c')
 *
 * and backwards through time. Gates stand in tiles of 16 columns: i, f, g and o of four units.
 */
import { activate } from "../../assembly/activations";
import { madd } from "../../assembly/arithmetic";
import { multiply, multiplyTransposed } from "./matrix";
import { Operation } from "./plan";
import { slope } from "./slope";

/** Rows `first` to `first + rows` of the batch. The zero first state is never multiplied, a repeated input only once. */
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
      multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, 64, start, startTile, 64, gates, tileBytes, 64);
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
  multiply(rows, input.width, lstm.tiles, x, input.rowBytes, lstm.kernel, lstm.kernelTile, 64, lstm.bias, 64, 0, to, toTile, 64);
}

function forwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, h: usize, c: usize): void {
  const activation = lstm.activation;
  const recurrentActivation = lstm.recurrentActivation;
  const stateRow = lstm.stateRow;
  for (let tile = 0; tile < lstm.tiles; tile++) {
    const real = tile == lstm.tiles - 1 ? v128.load(lstm.lastUnits) : i32x4.splat(-1);
    let at = gates;
    let state: usize = <usize>tile << 4;
    for (let row = 0; row < rows; row++) {
      const i = activate(recurrentActivation, v128.load(at, 0));
      const f = activate(recurrentActivation, v128.load(at, 16));
      const g = activate(activation, v128.load(at, 32));
      const o = activate(recurrentActivation, v128.load(at, 48));
      let cell = f32x4.mul(i, g);
      if (step > 0) cell = madd(f, v128.load(c + state - lstm.stateStep), cell);
      cell = v128.and(cell, real);
      v128.store(at, i, 0);
      v128.store(at, f, 16);
      v128.store(at, g, 32);
      v128.store(at, o, 48);
      v128.store(c + state, cell);
      v128.store(h + state, v128.and(f32x4.mul(o, activate(activation, cell)), real));
      at += 64;
      state += stateRow;
    }
    gates += lstm.gatesTile;
  }
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
      multiplyTransposed(rows, units, tiles, gates + lstm.gatesStep, tileBytes, 64, lstm.recurrentKernel, lstm.recurrentTile, 64, dh, output.rowBytes, sequences);
    }
    backwardCells(lstm, step, rows, gates, c, dh, dc);
    if (asked && !lstm.repeated) {
      multiplyTransposed(rows, input.width, tiles, gates, tileBytes, 64, lstm.kernel, lstm.kernelTile, 64, dx, input.rowBytes, lstm.accumulate != 0);
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
  multiplyTransposed(rows, input.width, tiles, sums, lstm.projectedTile, 64, lstm.kernel, lstm.kernelTile, 64, dx, input.rowBytes, lstm.accumulate != 0);
}

function backwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  const activation = lstm.activation;
  const recurrentActivation = lstm.recurrentActivation;
  const stateRow = lstm.stateRow;
  const gradientRow = lstm.output.rowBytes;
  const latest = step == lstm.steps - 1;
  for (let tile = 0; tile < lstm.tiles; tile++) {
    let at = gates;
    let state: usize = <usize>tile << 4;
    let gradient = state;
    for (let row = 0; row < rows; row++) {
      const i = v128.load(at, 0);
      const f = v128.load(at, 16);
      const g = v128.load(at, 32);
      const o = v128.load(at, 48);
      const activated = activate(activation, v128.load(c + state));
      const stateGradient = v128.load(dh + gradient);
      let cellGradient = f32x4.mul(f32x4.mul(stateGradient, o), slope(activation, activated));
      if (!latest) cellGradient = f32x4.add(cellGradient, v128.load(dc + state));
      const before = step > 0 ? v128.load(c + state - lstm.stateStep) : f32x4.splat(0);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, g), slope(recurrentActivation, i)), 0);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, before), slope(recurrentActivation, f)), 16);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, i), slope(activation, g)), 32);
      v128.store(at, f32x4.mul(f32x4.mul(stateGradient, activated), slope(recurrentActivation, o)), 48);
      v128.store(dc + state, f32x4.mul(cellGradient, f));
      at += 64;
      state += stateRow;
      gradient += gradientRow;
    }
    gates += lstm.gatesTile;
  }
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
