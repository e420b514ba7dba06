/**
 * The recurrent layers over a block of windows, forwards and backwards through time: what is the same for all of them.
 * Gates stand in tiles of 16 columns, four vectors of four units (../../../plan/gates.ts); what becomes of the gates'
 * sums is in cells.ts for an LSTM and in gru.ts for a GRU.
 */
import { OP_GRU, OP_LSTM } from "../../../plan/layout";
import { wideVectors } from "../../inference/assembly/arithmetic";
import { backwardCells, forwardCells } from "./cells";
import { backwardGru, forwardGru } from "./gru";
import { multiply } from "./matrix";
import { multiplyTransposed } from "./narrow-transposed";
import { Operation } from "./plan";
import { multiplyTransposedWide } from "./transposed-kernels";
import { multiplyWide } from "./wide-matrix";

/**
 * Rows `first` to `first + rows` of the group. The state before the first step is zero and is not multiplied; a repeated
 * input is multiplied once.
 */
export function forwardRecurrent(layer: Operation, first: usize, rows: i32): void {
  const input = layer.input;
  const tiles = layer.tiles;
  const tileBytes = layer.gatesTile;
  const stateRow = layer.stateRow;
  const recurrent = layer.recurrentKernel;
  const recurrentTile = layer.recurrentTile;
  const projected = layer.projected + (first << 6);
  let x = input.data + first * input.rowBytes;
  let gates = layer.gates + (first << 6);
  let h = layer.states + first * stateRow;
  let c = layer.cells + first * stateRow;
  if (layer.repeated) project(layer, rows, x, projected, layer.projectedTile);
  for (let step = 0; step < layer.steps; step++) {
    const before = h - layer.stateStep;
    const depth = step == 0 ? 0 : layer.units;
    if (layer.repeated && depth == 0) {
      copyTiles(rows, tiles, projected, layer.projectedTile, gates, tileBytes);
    } else if (layer.repeated) {
      multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, projected, layer.projectedTile, 64, gates, tileBytes, 64);
    } else if (wideVectors) {
      multiplyWide(rows, tiles, input.width, x, input.rowBytes, layer.kernel, layer.kernelTile, depth, before, stateRow, recurrent, recurrentTile, layer.bias, 64, 0, gates, tileBytes, 64);
    } else {
      project(layer, rows, x, gates, tileBytes);
      if (depth > 0) {
        multiply(rows, depth, tiles, before, stateRow, recurrent, recurrentTile, gates, tileBytes, 64, gates, tileBytes, 64);
      }
    }
    if (layer.kind == OP_LSTM) forwardCells(layer, step, rows, gates, h, c);
    else if (layer.kind == OP_GRU) forwardGru(layer, step, rows, gates, h);
    else unreachable();
    x += input.stepBytes;
    gates += layer.gatesStep;
    h += layer.stateStep;
    c += layer.stateStep;
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
function project(layer: Operation, rows: i32, x: usize, to: usize, toTile: usize): void {
  const input = layer.input;
  multiply(rows, input.width, layer.tiles, x, input.rowBytes, layer.kernel, layer.kernelTile, layer.bias, 64, 0, to, toTile, 64);
}

/** From the gradient of the output to those of the gates' sums, and if it is needed to that of the input. */
export function backwardRecurrent(layer: Operation, first: usize, rows: i32): void {
  const input = layer.input;
  const output = layer.output;
  const units = layer.units;
  const tiles = layer.tiles;
  const tileBytes = layer.gatesTile;
  const last = <usize>(layer.steps - 1);
  const sequences = output.steps > 1 || layer.steps == 1;
  let gates = layer.gates + (first << 6) + last * layer.gatesStep;
  let c = layer.cells + first * layer.stateRow + last * layer.stateStep;
  let dh = output.gradient + first * output.rowBytes;
  if (sequences) dh += last * output.stepBytes;
  const dc = layer.carried + first * layer.stateRow;
  const asked = input.gradient != 0;
  let dx = input.gradient + first * input.rowBytes;
  if (!layer.repeated) dx += last * input.stepBytes;
  for (let step = layer.steps - 1; step >= 0; step--) {
    if (step < layer.steps - 1) {
      const later = gates + layer.gatesStep;
      if (wideVectors) {
        multiplyTransposedWide(rows, units, tiles, later, tileBytes, 64, layer.transposedRecurrent, dh, output.rowBytes, sequences, true);
      } else {
        multiplyTransposed(rows, units, tiles, later, tileBytes, 64, layer.recurrentKernel, layer.recurrentTile, dh, output.rowBytes, sequences);
      }
    }
    if (layer.kind == OP_LSTM) backwardCells(layer, step, rows, gates, c, dh, dc);
    else if (layer.kind == OP_GRU) backwardGru(layer, step, rows, gates, c, dh, dc);
    else unreachable();
    if (asked && !layer.repeated) inputGradient(layer, rows, gates, tileBytes, dx);
    gates -= layer.gatesStep;
    c -= layer.stateStep;
    if (sequences) dh -= output.stepBytes;
    dx -= input.stepBytes;
  }
  if (!layer.repeated) return;
  const sums = layer.projected + (first << 6);
  sumSteps(layer, rows, layer.gates + (first << 6), sums);
  if (!asked) return;
  inputGradient(layer, rows, sums, layer.projectedTile, input.gradient + first * input.rowBytes);
}

/** The input's gradient: the gates' gradients (or their sums over time) times the transposed kernel. */
function inputGradient(layer: Operation, rows: i32, gates: usize, gatesTile: usize, dx: usize): void {
  const input = layer.input;
  if (wideVectors) {
    multiplyTransposedWide(rows, input.width, layer.tiles, gates, gatesTile, 64, layer.transposedKernel, dx, input.rowBytes, layer.accumulate != 0, true);
  } else {
    multiplyTransposed(rows, input.width, layer.tiles, gates, gatesTile, 64, layer.kernel, layer.kernelTile, dx, input.rowBytes, layer.accumulate != 0);
  }
}

/** The sum over timesteps of the gates' gradients, from which the gradient of a repeated input follows. */
function sumSteps(layer: Operation, rows: i32, gates: usize, sums: usize): void {
  const lines = <usize>rows << 6;
  for (let tile = 0; tile < layer.tiles; tile++) {
    for (let line: usize = 0; line < lines; line += 64) {
      let at = gates + line;
      let a = v128.load(at);
      let b = v128.load(at, 16);
      let c = v128.load(at, 32);
      let d = v128.load(at, 48);
      for (let step = 1; step < layer.steps; step++) {
        at += layer.gatesStep;
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
    gates += layer.gatesTile;
    sums += layer.projectedTile;
  }
}
