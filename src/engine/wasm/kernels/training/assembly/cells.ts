/**
 * The elementwise part of an LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), with r the recurrent
 * activation, a the activation, and z the gates' sums x.W + h.R + b:
 *
 *   i, f, o = r(z)   g = a(z)   c' = f c + i g   h' = o a(c')
 *
 * Four units at a time: forwards one loop a stage, so that activations keep their constants in registers; backwards one
 * loop, which is compiled for each of the common pairs of activations and for any other.
 */
import { activate, relu, sigmoids, tanh, tanhs, tanhTimes } from "../../inference/assembly/activations";
import { madd } from "../../inference/assembly/arithmetic";
import { RELU, SIGMOID, TANH } from "../../../plan/layout";
import { flush, loadLeast, loadMagnitude } from "./flush";
import { Operation } from "./plan";
import { loadOne, reluSlope, sigmoidSlope, slope, tanhSlope } from "./slope";

/** Pairs of an activation and a recurrent activation. */
const TANH_SIGMOID: i32 = 0;
const RELU_SIGMOID: i32 = 1;
const ANY_PAIR: i32 = 2;

@inline
function candidate(pair: i32, x: v128, activation: i32): v128 {
  if (pair == TANH_SIGMOID) return tanh(x);
  if (pair == RELU_SIGMOID) return relu(x);
  return activate(activation, x);
}

@inline
function candidateSlope(pair: i32, y: v128, activation: i32, one: v128): v128 {
  if (pair == TANH_SIGMOID) return tanhSlope(y, one);
  if (pair == RELU_SIGMOID) return reluSlope(y, one);
  return slope(activation, y, one);
}

@inline
function gateSlope(pair: i32, y: v128, activation: i32, one: v128): v128 {
  if (pair != ANY_PAIR) return sigmoidSlope(y, one);
  return slope(activation, y, one);
}

/** From the gates' sums, at `gates`, to their activations in the same place, and to h and c of one timestep. */
export function forwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, h: usize, c: usize): void {
  const activation = lstm.activation;
  const stateRow = lstm.stateRow;
  for (let tile = 0; tile < lstm.tiles; tile++) {
    const before = step > 0 ? c - lstm.stateStep : 0;
    if (lstm.recurrentActivation == SIGMOID) sigmoids(rows, gates);
    else activateGates(rows, gates, lstm.recurrentActivation);
    if (activation == RELU) {
      updateReluCells(rows, gates, before, c, h, stateRow);
    } else if (activation == TANH) {
      tanhs(rows, gates + 32, 64);
      addToCells(rows, gates, before, c, stateRow);
      tanhTimes(rows, c, stateRow, gates + 48, 64, h, stateRow);
    } else {
      activateCandidates(rows, gates, activation);
      addToCells(rows, gates, before, c, stateRow);
      const isLast = tile == lstm.tiles - 1;
      activateCells(rows, gates, c, h, stateRow, activation, isLast ? v128.load(lstm.lastUnits) : i32x4.splat(-1));
    }
    gates += lstm.gatesTile;
    c += 16;
    h += 16;
  }
}

function updateReluCells(rows: i32, gates: usize, before: usize, c: usize, h: usize, stateRow: usize): void {
  for (let row = 0; row < rows; row++) {
    const g = relu(v128.load(gates, 32));
    v128.store(gates, g, 32);
    let cell = f32x4.mul(v128.load(gates, 0), g);
    if (before) {
      cell = madd(v128.load(gates, 16), v128.load(before), cell);
      before += stateRow;
    }
    v128.store(c, cell);
    v128.store(h, f32x4.mul(v128.load(gates, 48), relu(cell)));
    gates += 64;
    c += stateRow;
    h += stateRow;
  }
}

/** c = i g + f c', with c' at `before`; where `before` is 0 (first step), c' is zero. */
function addToCells(rows: i32, gates: usize, before: usize, c: usize, stateRow: usize): void {
  for (let row = 0; row < rows; row++) {
    let cell = f32x4.mul(v128.load(gates, 0), v128.load(gates, 32));
    if (before) {
      cell = madd(v128.load(gates, 16), v128.load(before), cell);
      before += stateRow;
    }
    v128.store(c, cell);
    gates += 64;
    c += stateRow;
  }
}

function activateGates(rows: i32, gates: usize, activation: i32): void {
  for (let row = 0; row < rows; row++) {
    v128.store(gates, activate(activation, v128.load(gates, 0)), 0);
    v128.store(gates, activate(activation, v128.load(gates, 16)), 16);
    v128.store(gates, activate(activation, v128.load(gates, 48)), 48);
    gates += 64;
  }
}

function activateCandidates(rows: i32, gates: usize, activation: i32): void {
  for (let row = 0; row < rows; row++) {
    v128.store(gates, activate(activation, v128.load(gates, 32)), 32);
    gates += 64;
  }
}

/** h = o a(c). Units that are only padding become 0: for some activations a(0) is not 0. */
function activateCells(rows: i32, gates: usize, c: usize, h: usize, stateRow: usize, activation: i32, real: v128): void {
  for (let row = 0; row < rows; row++) {
    const cell = v128.and(v128.load(c), real);
    v128.store(c, cell);
    v128.store(h, v128.and(f32x4.mul(v128.load(gates, 48), activate(activation, cell)), real));
    gates += 64;
    c += stateRow;
    h += stateRow;
  }
}

/**
 * From the gradients of h (dh) and c (dc) of one timestep to those of the gates' sums, in the gates' place, and to dc of
 * the timestep before.
 */
export function backwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  const sigmoid = lstm.recurrentActivation == SIGMOID;
  if (sigmoid && lstm.activation == TANH) backwardTanh(lstm, step, rows, gates, c, dh, dc);
  else if (sigmoid && lstm.activation == RELU) backwardRelu(lstm, step, rows, gates, c, dh, dc);
  else backwardAny(lstm, step, rows, gates, c, dh, dc);
}

function backwardTanh(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  backward(TANH_SIGMOID, lstm, step, rows, gates, c, dh, dc);
}

function backwardRelu(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  backward(RELU_SIGMOID, lstm, step, rows, gates, c, dh, dc);
}

function backwardAny(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  backward(ANY_PAIR, lstm, step, rows, gates, c, dh, dc);
}

/** @param pair a constant, so that each of the three functions above gets a loop of its own. */
@inline
function backward(
  pair: i32,
  lstm: Operation,
  step: i32,
  rows: i32,
  gates: usize,
  c: usize,
  dh: usize,
  dc: usize,
): void {
  const activation = lstm.activation;
  const recurrentActivation = lstm.recurrentActivation;
  const stateRow = lstm.stateRow;
  const gradientRow = lstm.output.rowBytes;
  const latest = step == lstm.steps - 1;
  const tiles = lstm.tiles;
  const tileBytes = lstm.gatesTile;
  const least = loadLeast();
  const magnitude = loadMagnitude();
  const one = loadOne();
  const earlier = step > 0 ? c - lstm.stateStep : 0;
  for (let tile = 0; tile < tiles; tile++) {
    let at = gates;
    let state: usize = <usize>tile << 4;
    let gradient = dh + state;
    for (const end = gates + (<usize>rows << 6); at < end; at += 64) {
      const i = v128.load(at, 0);
      const f = v128.load(at, 16);
      const g = v128.load(at, 32);
      const o = v128.load(at, 48);
      const activated = candidate(pair, v128.load(c + state), activation);
      const stateGradient = v128.load(gradient);
      let cellGradient = f32x4.mul(f32x4.mul(stateGradient, o), candidateSlope(pair, activated, activation, one));
      if (!latest) cellGradient = f32x4.add(cellGradient, v128.load(dc + state));
      const before = earlier ? v128.load(earlier + state) : f32x4.splat(0);
      const di = f32x4.mul(f32x4.mul(cellGradient, g), gateSlope(pair, i, recurrentActivation, one));
      const df = f32x4.mul(f32x4.mul(cellGradient, before), gateSlope(pair, f, recurrentActivation, one));
      const dg = f32x4.mul(f32x4.mul(cellGradient, i), candidateSlope(pair, g, activation, one));
      const dO = f32x4.mul(f32x4.mul(stateGradient, activated), gateSlope(pair, o, recurrentActivation, one));
      v128.store(at, flush(di, least, magnitude), 0);
      v128.store(at, flush(df, least, magnitude), 16);
      v128.store(at, flush(dg, least, magnitude), 32);
      v128.store(at, flush(dO, least, magnitude), 48);
      v128.store(dc + state, flush(f32x4.mul(cellGradient, f), least, magnitude));
      state += stateRow;
      gradient += gradientRow;
    }
    gates += tileBytes;
  }
}
