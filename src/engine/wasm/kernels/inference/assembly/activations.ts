/**
 * The activations, for vectors of four floats. test/engine/wasm/activations.test.ts checks their error bounds.
 *
 * 2^z = 2^n 2^r with n whole and |r| <= 1/2: adding 1.5 * 2^23 rounds z to n and leaves n in the low bits of the sum; a
 * shift moves it into the exponent. 2^r = (A + rB) / (A - rB) with A = a0 + a1 r^2 and B = b0 + r^2, the third
 * Padé approximant of the exponential function, whose relative error for |r| <= 1/2 is below 1e-8.
 * `pmin` and `pmax` are one instruction each, and return a NaN that is their first operand.
 */
import { ELU, HARD_SIGMOID, HARD_SIGMOID_KERAS3, LINEAR, RELU, SIGMOID, TANH } from "../../../plan/layout";
import {
  A0,
  A1,
  B0,
  constant,
  LEAST,
  LEAST_TANH,
  MINUS_LOG2E,
  MOST,
  MOST_TANH,
  ONE,
  ROUND,
  TWICE_LOG2E,
} from "./activation-constants";
import { madd, nmadd } from "./arithmetic";
import { elu } from "./elu";

/** 1 / (1 + 2^z). The other parameters are the constants above, which a loop keeps in registers. */
@inline
function logistic(z: v128, most: v128, least: v128, round: v128, b0: v128, a0: v128, a1: v128): v128 {
  z = f32x4.pmax(f32x4.pmin(z, most), least);
  const t = f32x4.add(z, round);
  const r = f32x4.sub(z, f32x4.sub(t, round));
  const s = f32x4.mul(r, r);
  const b = f32x4.add(s, b0);
  const a = madd(s, a1, a0);
  const over = madd(r, b, a);
  const under = nmadd(r, b, a);
  return f32x4.div(under, f32x4.add(under, i32x4.add(over, i32x4.shl(t, 23))));
}

/**
 * tanh x = (2^z - 1) / (2^z + 1) with z = 2x / ln 2. Numerator and denominator are multiplied by A - rB:
 * ((2^n - 1) A + (2^n + 1) rB) / ((2^n + 1) A + (2^n - 1) rB). For small x (n = 0) the first term of the numerator is
 * exactly 0, so no digits cancel.
 */
@inline
function hyperbolicTangent(
  x: v128,
  most: v128,
  least: v128,
  slope: v128,
  round: v128,
  one: v128,
  b0: v128,
  a0: v128,
  a1: v128,
): v128 {
  const z = f32x4.mul(f32x4.pmax(f32x4.pmin(x, most), least), slope);
  const t = f32x4.add(z, round);
  const r = f32x4.sub(z, f32x4.sub(t, round));
  const s = f32x4.mul(r, r);
  const rb = f32x4.mul(r, f32x4.add(s, b0));
  const a = madd(s, a1, a0);
  const scale = i32x4.add(i32x4.shl(t, 23), one);
  const less = f32x4.sub(scale, one);
  const more = f32x4.add(scale, one);
  return f32x4.div(madd(less, a, f32x4.mul(more, rb)), madd(more, a, f32x4.mul(less, rb)));
}

/** Replaces the sums of the gates i, f and o, multiplied by -1 / ln 2, by sigmoids: [count][16]; the third vector stays. */
export function scaledSigmoids(count: i32, at: usize): void {
  const most = constant(MOST);
  const least = constant(LEAST);
  const round = constant(ROUND);
  const b0 = constant(B0);
  const a0 = constant(A0);
  const a1 = constant(A1);
  for (let n = 0; n < count; n++) {
    // All are loaded before one is stored: otherwise V8 could not merge the vectors of i and f into one of 256 bits.
    const i = logistic(v128.load(at), most, least, round, b0, a0, a1);
    const f = logistic(v128.load(at, 16), most, least, round, b0, a0, a1);
    const o = logistic(v128.load(at, 48), most, least, round, b0, a0, a1);
    v128.store(at, i);
    v128.store(at, f, 16);
    v128.store(at, o, 48);
    at += 64;
  }
}

/** The same for two gates only: [count][16]; the third and the fourth vector stay. */
export function scaledSigmoidPairs(count: i32, at: usize): void {
  const most = constant(MOST);
  const least = constant(LEAST);
  const round = constant(ROUND);
  const b0 = constant(B0);
  const a0 = constant(A0);
  const a1 = constant(A1);
  for (let n = 0; n < count; n++) {
    const first = logistic(v128.load(at), most, least, round, b0, a0, a1);
    const second = logistic(v128.load(at, 16), most, least, round, b0, a0, a1);
    v128.store(at, first);
    v128.store(at, second, 16);
    at += 64;
  }
}

/** As `scaledSigmoids`, from sums that are not multiplied. All are loaded before one is stored, for the same reason. */
export function sigmoids(count: i32, at: usize): void {
  const slope = constant(MINUS_LOG2E);
  const most = constant(MOST);
  const least = constant(LEAST);
  const round = constant(ROUND);
  const b0 = constant(B0);
  const a0 = constant(A0);
  const a1 = constant(A1);
  for (let n = 0; n < count; n++) {
    const i = logistic(f32x4.mul(v128.load(at), slope), most, least, round, b0, a0, a1);
    const f = logistic(f32x4.mul(v128.load(at, 16), slope), most, least, round, b0, a0, a1);
    const o = logistic(f32x4.mul(v128.load(at, 48), slope), most, least, round, b0, a0, a1);
    v128.store(at, i);
    v128.store(at, f, 16);
    v128.store(at, o, 48);
    at += 64;
  }
}

/** tanh, in place, of `count` vectors of four floats that are `stride` bytes apart. */
export function tanhs(count: i32, at: usize, stride: usize): void {
  const most = constant(MOST_TANH);
  const least = constant(LEAST_TANH);
  const slope = constant(TWICE_LOG2E);
  const round = constant(ROUND);
  const one = constant(ONE);
  const b0 = constant(B0);
  const a0 = constant(A0);
  const a1 = constant(A1);
  for (let n = 0; n < count; n++) {
    v128.store(at, hyperbolicTangent(v128.load(at), most, least, slope, round, one, b0, a0, a1));
    at += stride;
  }
}

/** to = tanh(from) * by, for `count` vectors of four floats; strides in bytes. */
export function tanhTimes(
  count: i32,
  from: usize,
  fromStride: usize,
  by: usize,
  byStride: usize,
  to: usize,
  toStride: usize,
): void {
  const most = constant(MOST_TANH);
  const least = constant(LEAST_TANH);
  const slope = constant(TWICE_LOG2E);
  const round = constant(ROUND);
  const one = constant(ONE);
  const b0 = constant(B0);
  const a0 = constant(A0);
  const a1 = constant(A1);
  for (let n = 0; n < count; n++) {
    const y = hyperbolicTangent(v128.load(from), most, least, slope, round, one, b0, a0, a1);
    v128.store(to, f32x4.mul(v128.load(by), y));
    from += fromStride;
    by += byStride;
    to += toStride;
  }
}

/** max(x, 0). */
@inline
export function relu(x: v128): v128 {
  return f32x4.pmax(x, f32x4.splat(0));
}

/** 1 / (1 + e^-x), for use outside a loop. */
function sigmoid(x: v128): v128 {
  return logistic(
    f32x4.mul(x, constant(MINUS_LOG2E)),
    constant(MOST),
    constant(LEAST),
    constant(ROUND),
    constant(B0),
    constant(A0),
    constant(A1),
  );
}

/** tanh x, for use outside a loop. */
@inline
export function tanh(x: v128): v128 {
  return hyperbolicTangent(
    x,
    constant(MOST_TANH),
    constant(LEAST_TANH),
    constant(TWICE_LOG2E),
    constant(ROUND),
    constant(ONE),
    constant(B0),
    constant(A0),
    constant(A1),
  );
}

/** clip(slope * x + 0.5, 0, 1). */
function clipped(x: v128, slope: f32): v128 {
  const y = madd(x, f32x4.splat(slope), f32x4.splat(0.5));
  return f32x4.pmin(f32x4.pmax(y, f32x4.splat(0)), f32x4.splat(1));
}

/** The activation with that number in ../../../plan/layout.ts. */
export function activate(activation: i32, x: v128): v128 {
  if (activation == RELU) return relu(x);
  if (activation == TANH) return tanh(x);
  if (activation == SIGMOID) return sigmoid(x);
  if (activation == HARD_SIGMOID) return clipped(x, 0.2);
  if (activation == HARD_SIGMOID_KERAS3) return clipped(x, 0.16666667);
  if (activation == ELU) return elu(x);
  if (activation != LINEAR) unreachable();
  return x;
}

/** Applies an activation to `count` floats in place, a multiple of 4. The tests of the error bounds call it. */
export function activateAll(activation: i32, at: usize, count: i32): void {
  for (let end = at + (<usize>count << 2); at < end; at += 16) {
    v128.store(at, activate(activation, v128.load(at)));
  }
}
