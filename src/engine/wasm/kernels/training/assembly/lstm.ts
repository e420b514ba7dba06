/**
 * LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000) over a block of windows, with r the recurrent
 * activation and a the activation:
 *
 *   i, f, o = r(x.W + h.R + b)   g = a(x.W + h.R + b)   c' = f c + i g   h' = o a(c')
 *
 * and its gradients, by backpropagation through time. Gates stand in tiles of 16 columns: i, f, g and o of four units.
 */
import { wideVectors } from "../../assembly/arithmetic";
import { backwardCells, forwardCells } from "./cells";
import { multiply } from "./matrix";
import { multiplyTransposed } from "./narrow-transposed";
import { Operation } from "./plan";
import { multiplyTransposedWide } from "./transposed-kernels";
import { multiplyWide } from "./wide-matrix";

/** Rows `first` to `first + rows` of the group. The state before the first step is zero and is not multiplied; a repeated input is multiplied once. */
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
    const before = h - lstm.stateStep;
    const depth = step == 0 ? 0 : lstm.units;
    if (lstm.repeated && depth == 0) {
      copyTiles(rows, tiles, projected, lstm.projectedTile, gates, tileBytes);
    } else if (lstm.repeated) {
      multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, projected, lstm.projectedTile, 64, gates, tileBytes, 64);
    } else if (wideVectors) {
      multiplyWide(rows, tiles, input.width, x, input.rowBytes, lstm.kernel, lstm.kernelTile, depth, before, stateRow, recurrent, recurrentTile, lstm.bias, 64, 0, gates, tileBytes, 64);
    } else {
      project(lstm, rows, x, gates, tileBytes);
      if (depth > 0) {
        multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, gates, tileBytes, 64, gates, tileBytes, 64);
      }
    }
    forwardCells(lstm, step, rows, gates, h, c);
    x += input.stepBytes;
    gates += lstm.gatesStep;
    h += lstm.stateStep;
    c += lstm.stateStep;
  }
}

function copyTiles(rows: i32, tiles: i32, from: usize, fromTile: usize, to: usize, toTile: usize): void {
  for (let tile = 0; tile < tiles; tile++) {
    memory.copy(to, from, <usize>rows << 6);
    from += fromTile;
    to += toTile;
  }
}

/** x.W + b of one timestep. */
function project(lstm: Operation, rows: i32, x: usize, to: usize, toTile: usize): void {
  const input = lstm.input;
  multiply(rows, input.width, lstm.tiles, x, input.rowBytes, lstm.kernel, lstm.kernelTile, lstm.bias, 64, 0, to, toTile, 64);
}

/** From the gradient of the output to those of the gates' sums, and if it is needed to that of the input. */
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
      const later = gates + lstm.gatesStep;
      if (wideVectors) {
        multiplyTransposedWide(rows, units, tiles, later, tileBytes, 64, lstm.turnedRecurrent, dh, output.rowBytes, sequences, true);
      } else {
        multiplyTransposed(rows, units, tiles, later, tileBytes, 64, lstm.recurrentKernel, lstm.recurrentTile, dh, output.rowBytes, sequences);
      }
    }
    backwardCells(lstm, step, rows, gates, c, dh, dc);
    if (asked && !lstm.repeated) inputGradient(lstm, rows, gates, tileBytes, dx);
    gates -= lstm.gatesStep;
    c -= lstm.stateStep;
    if (sequences) dh -= output.stepBytes;
    dx -= input.stepBytes;
  }
  if (!lstm.repeated) return;
  const sums = lstm.projected + (first << 6);
  sumSteps(lstm, rows, lstm.gates + (first << 6), sums);
  if (!asked) return;
  inputGradient(lstm, rows, sums, lstm.projectedTile, input.gradient + first * input.rowBytes);
}

/** The input's gradient: the gates' gradients (or their sums over time) times the transposed kernel. */
function inputGradient(lstm: Operation, rows: i32, gates: usize, gatesTile: usize, dx: usize): void {
  const input = lstm.input;
  if (wideVectors) {
    multiplyTransposedWide(rows, input.width, lstm.tiles, gates, gatesTile, 64, lstm.turnedKernel, dx, input.rowBytes, lstm.accumulate != 0, true);
  } else {
    multiplyTransposed(rows, input.width, lstm.tiles, gates, gatesTile, 64, lstm.kernel, lstm.kernelTile, dx, input.rowBytes, lstm.accumulate != 0);
  }
}

/** The sum over timesteps of the gates' gradients, from which the gradient of a repeated input follows. */
function sumSteps(lstm: Operation, rows: i32, gates: usize, sums: usize): void {
  const lines = <usize>rows << 6;
  for (let tile = 0; tile < lstm.tiles; tile++) {
    for (let line: usize = 0; line < lines; line += 64) {
      let at = gates + line;
      let a = v128.load(at);
      let b = v128.load(at, 16);
      let c = v128.load(at, 32);
      let d = v128.load(at, 48);
      for (let step = 1; step < lstm.steps; step++) {
        at += lstm.gatesStep;
        a = f32x4.add(a, v128.load(at));
        b = f32x4.add(b, v128.load(at, 16));
        c = f32x4.add(c, v128.load(at, 32));
        d = f32x4.add(d, v128.load(at, 48));
      }
      v128.store(sums + line, a);
      v128.store(sums + line, b, 16);
      v128.store(sums + line, c, 32);
      v128.store(sums + line, d, 48);
    }
    gates += lstm.gatesTile;
    sums += lstm.projectedTile;
  }
}
