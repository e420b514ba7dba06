/**
 * The elementwise part of a GRU (Cho et al. 2014, EMNLP, with Keras's `reset_after`), with s the recurrent activation and
 * a the activation. The gates' sums come without the second row of the bias, b:
 *
 *   z = s(sum + b)   r = s(sum + b)   q = sum + b   g = a(sum + r q)   h' = z h + (1 - z) g
 *
 * A tile holds z, r, g and q of four units.
 */
import { activate } from "../../inference/assembly/activations";
import { madd } from "../../inference/assembly/arithmetic";
import { flush, loadLeast, loadMagnitude } from "./flush";
import { Operation } from "./plan";
import { loadOne, slope } from "./slope";

/** From the gates' sums, at `gates`, to z, r, g and q in their place, and to h of one timestep. */
export function forwardGru(gru: Operation, step: i32, rows: i32, gates: usize, h: usize): void {
  const activation = gru.activation;
  const recurrentActivation = gru.recurrentActivation;
  const stateRow = gru.stateRow;
  let bias = gru.recurrentBias;
  for (let tile = 0; tile < gru.tiles; tile++) {
    const zBias = v128.load(bias);
    const rBias = v128.load(bias, 16);
    const qBias = v128.load(bias, 48);
    // Units that are padding are made 0, since a(0) need not be.
    const real = tile == gru.tiles - 1 ? v128.load(gru.lastUnits) : i32x4.splat(-1);
    let at = gates;
    let state = h;
    for (let row = 0; row < rows; row++) {
      const z = activate(recurrentActivation, f32x4.add(v128.load(at), zBias));
      const r = activate(recurrentActivation, f32x4.add(v128.load(at, 16), rBias));
      const q = f32x4.add(v128.load(at, 48), qBias);
      const g = activate(activation, madd(r, q, v128.load(at, 32)));
      const before = step > 0 ? v128.load(state - gru.stateStep) : f32x4.splat(0);
      v128.store(at, z);
      v128.store(at, r, 16);
      v128.store(at, g, 32);
      v128.store(at, q, 48);
      v128.store(state, v128.and(madd(z, f32x4.sub(before, g), g), real));
      at += 64;
      state += stateRow;
    }
    bias += 64;
    gates += gru.gatesTile;
    h += 16;
  }
}

/**
 * From the gradient of h (dh, and what the step after has put into `carried`) of one timestep to those of z, r, g and q
 * before activation, in their place, and to `carried` for the step before.
 */
export function backwardGru(gru: Operation, step: i32, rows: i32, gates: usize, h: usize, dh: usize, carried: usize): void {
  const activation = gru.activation;
  const recurrentActivation = gru.recurrentActivation;
  const stateRow = gru.stateRow;
  const gradientRow = gru.output.rowBytes;
  const latest = step == gru.steps - 1;
  const least = loadLeast();
  const magnitude = loadMagnitude();
  const one = loadOne();
  const earlier = step > 0 ? h - gru.stateStep : 0;
  for (let tile = 0; tile < gru.tiles; tile++) {
    let at = gates;
    let state: usize = <usize>tile << 4;
    let gradient = dh + state;
    for (const end = gates + (<usize>rows << 6); at < end; at += 64) {
      const z = v128.load(at);
      const r = v128.load(at, 16);
      const g = v128.load(at, 32);
      const q = v128.load(at, 48);
      const before = earlier ? v128.load(earlier + state) : f32x4.splat(0);
      let d = v128.load(gradient);
      if (!latest) d = f32x4.add(d, v128.load(carried + state));
      const dz = f32x4.mul(f32x4.mul(d, f32x4.sub(before, g)), slope(recurrentActivation, z, one));
      const dg = f32x4.mul(f32x4.mul(d, f32x4.sub(one, z)), slope(activation, g, one));
      const dr = f32x4.mul(f32x4.mul(dg, q), slope(recurrentActivation, r, one));
      v128.store(at, flush(dz, least, magnitude));
      v128.store(at, flush(dr, least, magnitude), 16);
      v128.store(at, flush(dg, least, magnitude), 32);
      v128.store(at, flush(f32x4.mul(dg, r), least, magnitude), 48);
      v128.store(carried + state, flush(f32x4.mul(d, z), least, magnitude));
      state += stateRow;
      gradient += gradientRow;
    }
    gates += gru.gatesTile;
  }
}
