/**
 * Activations of four floats. Their error bounds are in test/engine/wasm/activations.test.ts.
 *
 * Both exponentials reduce as Cody and Waite do ("Software Manual for the Elementary Functions", 1980):
 * x = n ln 2 + r with |r| <= ln 2 / 2, n rounded by adding 1.5 * 2^23, whose low bits then are n.
 * `pmin` and `pmax` are one instruction, and let a NaN in the first operand through.
 */
import { HARD_SIGMOID, HARD_SIGMOID_KERAS3, RELU, SIGMOID, TANH } from "../layout";
import { madd, nmadd } from "./arithmetic";

/** 1 / (1 + e^-x); from |x| = 87 on constant, so that 2^n never leaves float32's normal numbers. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const z = f32x4.pmax(f32x4.pmin(f32x4.neg(x), f32x4.splat(87)), f32x4.splat(-87));
  const magic = f32x4.splat(12582912);
  const t = madd(z, f32x4.splat(1.44269504), magic);
  const n = f32x4.sub(t, magic);
  const r = nmadd(n, f32x4.splat(-2.12194440e-4), nmadd(n, f32x4.splat(0.693359375), z));
  let p = madd(r, f32x4.splat(0.0013888889), f32x4.splat(0.008333334));
  p = madd(p, r, f32x4.splat(0.04166666));
  p = madd(p, r, f32x4.splat(0.16666667));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, f32x4.splat(1));
  p = madd(p, r, f32x4.splat(1));
  const e = i32x4.add(p, i32x4.shl(t, 23));
  return f32x4.div(f32x4.splat(1), f32x4.add(e, f32x4.splat(1)));
}

/**
 * tanh x = E / (E + 2) with E = e^2x - 1, and E = 2^n (e^r - 1) + (2^n - 1), which loses nothing where x is small.
 * From |x| = 9.1 on the result is 1 to float32's last bit.
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const y = f32x4.pmax(f32x4.pmin(f32x4.add(x, x), f32x4.splat(18.2)), f32x4.splat(-18.2));
  const magic = f32x4.splat(12582912);
  const t = madd(y, f32x4.splat(1.44269504), magic);
  const n = f32x4.sub(t, magic);
  const r = nmadd(n, f32x4.splat(-2.12194440e-4), nmadd(n, f32x4.splat(0.693359375), y));
  let p = madd(r, f32x4.splat(0.0013888889), f32x4.splat(0.008333334));
  p = madd(p, r, f32x4.splat(0.04166666));
  p = madd(p, r, f32x4.splat(0.16666667));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, f32x4.mul(r, r), r);
  const scale = i32x4.add(i32x4.shl(t, 23), f32x4.splat(1));
  const e = madd(p, scale, f32x4.sub(scale, f32x4.splat(1)));
  return f32x4.div(e, f32x4.add(e, f32x4.splat(2)));
}

// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

// @ts-ignore: decorator
@inline
function clipped(x: v128, slope: f32): v128 {
  const y = madd(x, f32x4.splat(slope), f32x4.splat(0.5));
  return f32x4.pmin(f32x4.pmax(y, f32x4.splat(0)), f32x4.splat(1));
}

/** The activation of that number in ../layout. */
export function activate(activation: i32, x: v128): v128 {
  if (activation == RELU) return relu(x);
  if (activation == TANH) return tanh(x);
  if (activation == SIGMOID) return sigmoid(x);
  if (activation == HARD_SIGMOID) return clipped(x, 0.2);
  if (activation == HARD_SIGMOID_KERAS3) return clipped(x, 0.16666667);
  return x;
}

/** Applies an activation to `count` floats in place, a multiple of 4. For tests, and for whoever trains. */
export function activateAll(activation: i32, at: usize, count: i32): void {
  for (let end = at + (<usize>count << 2); at < end; at += 16) {
    v128.store(at, activate(activation, v128.load(at)));
  }
}
