/**
 * The cells of one tile: c' = f c + i g and h' = o act(c').
 *
 * Each stage is a loop of its own, short enough to keep its constants in registers. An activation is a long chain of
 * dependent instructions, and the processor overlaps several of them only if little else stands between.
 */
import { RELU, SIGMOID, TANH } from "../../../plan/layout";
import { activate, relu, scaledSigmoids, tanhs, tanhTimes } from "./activations";
import { madd } from "./arithmetic";

/**
 * @param sums [count][16]: i, f, g and o of four units, before their activations; overwritten. If the gates are
 * sigmoids, the sums of i, f and o are multiplied by -1 / ln 2 (../../../inference/packing.ts).
 * @param cell c, four floats, `unitStride` bytes from one to the next; so is `state`, which takes h.
 */
export function updateCells(
  count: i32,
  sums: usize,
  cell: usize,
  state: usize,
  unitStride: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (recurrentActivation == SIGMOID) scaledSigmoids(count, sums);
  else activateGates(count, sums, recurrentActivation);
  if (activation == RELU) {
    reluCells(count, sums, cell, state, unitStride);
    return;
  }
  if (activation == TANH) tanhs(count, sums + 32, 64);
  else activateCandidates(count, sums, activation);
  addToCells(count, sums, cell, unitStride);
  if (activation == TANH) tanhTimes(count, cell, unitStride, sums + 48, 64, state, unitStride);
  else stateOfCells(count, sums, cell, state, unitStride, activation);
}

/** c' = f c + i relu(g) and h' = o relu(c'), from gates that are activated but for g. */
export function reluCells(count: i32, sums: usize, cell: usize, state: usize, unitStride: usize): void {
  for (let n = 0; n < count; n++) {
    const c = madd(v128.load(sums, 16), v128.load(cell), f32x4.mul(v128.load(sums), relu(v128.load(sums, 32))));
    v128.store(cell, c);
    v128.store(state, f32x4.mul(v128.load(sums, 48), relu(c)));
    sums += 64;
    cell += unitStride;
    state += unitStride;
  }
}

function activateGates(count: i32, sums: usize, activation: i32): void {
  for (let n = 0; n < count; n++) {
    v128.store(sums, activate(activation, v128.load(sums)));
    v128.store(sums, activate(activation, v128.load(sums, 16)), 16);
    v128.store(sums, activate(activation, v128.load(sums, 48)), 48);
    sums += 64;
  }
}

function activateCandidates(count: i32, sums: usize, activation: i32): void {
  for (let n = 0; n < count; n++) {
    v128.store(sums, activate(activation, v128.load(sums, 32)), 32);
    sums += 64;
  }
}

function addToCells(count: i32, sums: usize, cell: usize, unitStride: usize): void {
  for (let n = 0; n < count; n++) {
    const added = f32x4.mul(v128.load(sums), v128.load(sums, 32));
    v128.store(cell, madd(v128.load(sums, 16), v128.load(cell), added));
    sums += 64;
    cell += unitStride;
  }
}

function stateOfCells(
  count: i32,
  sums: usize,
  cell: usize,
  state: usize,
  unitStride: usize,
  activation: i32,
): void {
  for (let n = 0; n < count; n++) {
    v128.store(state, f32x4.mul(v128.load(sums, 48), activate(activation, v128.load(cell))));
    sums += 64;
    cell += unitStride;
    state += unitStride;
  }
}
