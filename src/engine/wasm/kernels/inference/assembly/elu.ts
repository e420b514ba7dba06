/** The exponential linear unit (Clevert, Unterthiner & Hochreiter 2016, ICLR), for vectors of four floats. */
import { A0, A1, B0, constant, MINUS_LOG2E, ONE, ROUND } from "./activation-constants";
import { madd } from "./arithmetic";

/**
 * x where it is above 0, else e^x - 1 = 2^z - 1 with z = x / ln 2. By the approximant of activations.ts this is
 * ((2^n - 1) A + (2^n + 1) rB) / (A - rB); for small x (n = 0) no digits cancel.
 */
export function elu(x: v128): v128 {
  const one = constant(ONE);
  const round = constant(ROUND);
  // A NaN is the first operand, so it stays one.
  const negative = f32x4.pmin(x, f32x4.splat(0));
  const z = f32x4.neg(f32x4.mul(f32x4.pmax(negative, f32x4.splat(-69)), constant(MINUS_LOG2E)));
  const t = f32x4.add(z, round);
  const r = f32x4.sub(z, f32x4.sub(t, round));
  const s = f32x4.mul(r, r);
  const rb = f32x4.mul(r, f32x4.add(s, constant(B0)));
  const a = madd(s, constant(A1), constant(A0));
  const scale = i32x4.add(i32x4.shl(t, 23), one);
  const less = f32x4.sub(scale, one);
  const more = f32x4.add(scale, one);
  const below = f32x4.div(madd(less, a, f32x4.mul(more, rb)), f32x4.sub(a, rb));
  return v128.bitselect(x, below, f32x4.gt(x, f32x4.splat(0)));
}
