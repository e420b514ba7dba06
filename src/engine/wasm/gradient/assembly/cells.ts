/**
 * The elementwise part of an LSTM, four units at a time. The two common pairs of activations have loops of their own:
 * a `Cell` of one byte is tanh with sigmoid, one of two bytes relu with sigmoid, another whatever is asked for.
 */
import { activate, relu, sigmoid, tanh } from "../../assembly/activations";
import { madd } from "../../assembly/arithmetic";
import { RELU, SIGMOID, TANH } from "../../layout";
import { Operation } from "./plan";
import { reluSlope, sigmoidSlope, slope, tanhSlope } from "./slope";

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

// @ts-ignore: decorator
@inline
function candidateSlope<Cell>(y: v128, activation: i32): v128 {
  if (sizeof<Cell>() == 1) return tanhSlope(y);
  if (sizeof<Cell>() == 2) return reluSlope(y);
  return slope(activation, y);
}

// @ts-ignore: decorator
@inline
function gateSlope<Cell>(y: v128, activation: i32): v128 {
  if (sizeof<Cell>() <= 2) return sigmoidSlope(y);
  return slope(activation, y);
}

/** From what the gates add up to, at `gates`, to their activations in its place, and to h and c of one timestep. */
export function forwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, h: usize, c: usize): void {
  if (lstm.recurrentActivation == SIGMOID && lstm.activation == TANH) forward<i8>(lstm, step, rows, gates, h, c);
  else if (lstm.recurrentActivation == SIGMOID && lstm.activation == RELU) forward<i16>(lstm, step, rows, gates, h, c);
  else forward<i32>(lstm, step, rows, gates, h, c);
}

function forward<Cell>(lstm: Operation, step: i32, rows: i32, gates: usize, h: usize, c: usize): void {
  const activation = lstm.activation;
  const recurrentActivation = lstm.recurrentActivation;
  const stateRow = lstm.stateRow;
  const tiles = lstm.tiles;
  const tileBytes = lstm.gatesTile;
  const before = step > 0 ? c - lstm.stateStep : 0;
  for (let tile = 0; tile < tiles; tile++) {
    const real = tile == tiles - 1 ? v128.load(lstm.lastUnits) : i32x4.splat(-1);
    let at = gates;
    let state: usize = <usize>tile << 4;
    const end = gates + (<usize>rows << 6);
    // In four loops: an activation keeps its constants in registers only where little else is done between two of them.
    for (; at < end; at += 64) {
      v128.store(at, gate<Cell>(v128.load(at, 0), recurrentActivation), 0);
      v128.store(at, gate<Cell>(v128.load(at, 16), recurrentActivation), 16);
      v128.store(at, gate<Cell>(v128.load(at, 48), recurrentActivation), 48);
    }
    for (at = gates; at < end; at += 64) v128.store(at, candidate<Cell>(v128.load(at, 32), activation), 32);
    for (at = gates; at < end; at += 64) {
      let cell = f32x4.mul(v128.load(at, 0), v128.load(at, 32));
      if (before) cell = madd(v128.load(at, 16), v128.load(before + state), cell);
      v128.store(c + state, v128.and(cell, real));
      state += stateRow;
    }
    state = <usize>tile << 4;
    for (at = gates; at < end; at += 64) {
      const activated = candidate<Cell>(v128.load(c + state), activation);
      v128.store(h + state, v128.and(f32x4.mul(v128.load(at, 48), activated), real));
      state += stateRow;
    }
    gates += tileBytes;
  }
}

/** From the gradients of h (dh) and c (dc) of one timestep to those before the gates' activations, in the gates' place. */
export function backwardCells(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  if (lstm.recurrentActivation == SIGMOID && lstm.activation == TANH) backward<i8>(lstm, step, rows, gates, c, dh, dc);
  else if (lstm.recurrentActivation == SIGMOID && lstm.activation == RELU) backward<i16>(lstm, step, rows, gates, c, dh, dc);
  else backward<i32>(lstm, step, rows, gates, c, dh, dc);
}

function backward<Cell>(lstm: Operation, step: i32, rows: i32, gates: usize, c: usize, dh: usize, dc: usize): void {
  const activation = lstm.activation;
  const recurrentActivation = lstm.recurrentActivation;
  const stateRow = lstm.stateRow;
  const gradientRow = lstm.output.rowBytes;
  const latest = step == lstm.steps - 1;
  const tiles = lstm.tiles;
  const tileBytes = lstm.gatesTile;
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
      const activated = candidate<Cell>(v128.load(c + state), activation);
      const stateGradient = v128.load(gradient);
      let cellGradient = f32x4.mul(f32x4.mul(stateGradient, o), candidateSlope<Cell>(activated, activation));
      if (!latest) cellGradient = f32x4.add(cellGradient, v128.load(dc + state));
      const before = earlier ? v128.load(earlier + state) : f32x4.splat(0);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, g), gateSlope<Cell>(i, recurrentActivation)), 0);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, before), gateSlope<Cell>(f, recurrentActivation)), 16);
      v128.store(at, f32x4.mul(f32x4.mul(cellGradient, i), candidateSlope<Cell>(g, activation)), 32);
      v128.store(at, f32x4.mul(f32x4.mul(stateGradient, activated), gateSlope<Cell>(o, recurrentActivation)), 48);
      v128.store(dc + state, f32x4.mul(cellGradient, f));
      state += stateRow;
      gradient += gradientRow;
    }
    gates += tileBytes;
  }
}
