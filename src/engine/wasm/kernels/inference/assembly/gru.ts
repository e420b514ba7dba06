/**
 * The states of one tile of a GRU: h' = z h + (1 - z) g with g = act(x + r q), where x is the input's part of the
 * candidate and q the state's. One loop a stage, as in cells.ts.
 */
import { SIGMOID, TANH } from "../../../plan/layout";
import { activate, scaledSigmoidPairs, tanhs } from "./activations";
import { madd } from "./arithmetic";

/**
 * @param sums [count][16]: z, r, x and q of four units, before their activations; written over. Where the gates are
 * sigmoids, the sums of z and r come multiplied by -1 / ln 2 (../../../inference/packing.ts).
 * @param before h of the step before, four floats, `unitStride` bytes from one to the next; becomes that of this step,
 * and so does `state`.
 */
export function updateGruStates(
  count: i32,
  sums: usize,
  before: usize,
  state: usize,
  unitStride: usize,
  activation: i32,
  recurrentActivation: i32,
): void {
  if (recurrentActivation == SIGMOID) scaledSigmoidPairs(count, sums);
  else activateGates(count, sums, recurrentActivation);
  addCandidates(count, sums);
  if (activation == TANH) tanhs(count, sums + 32, 64);
  else activateCandidates(count, sums, activation);
  for (let n = 0; n < count; n++) {
    const g = v128.load(sums, 32);
    const h = madd(v128.load(sums), f32x4.sub(v128.load(before), g), g);
    v128.store(before, h);
    v128.store(state, h);
    sums += 64;
    before += unitStride;
    state += unitStride;
  }
}

function activateGates(count: i32, sums: usize, activation: i32): void {
  for (let n = 0; n < count; n++) {
    v128.store(sums, activate(activation, v128.load(sums)));
    v128.store(sums, activate(activation, v128.load(sums, 16)), 16);
    sums += 64;
  }
}

/** x + r q, in place of x. */
function addCandidates(count: i32, sums: usize): void {
  for (let n = 0; n < count; n++) {
    v128.store(sums, madd(v128.load(sums, 16), v128.load(sums, 48), v128.load(sums, 32)), 32);
    sums += 64;
  }
}

function activateCandidates(count: i32, sums: usize, activation: i32): void {
  for (let n = 0; n < count; n++) {
    v128.store(sums, activate(activation, v128.load(sums, 32)), 32);
    sums += 64;
  }
}
