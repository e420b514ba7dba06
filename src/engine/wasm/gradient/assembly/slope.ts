import { HARD_SIGMOID, LINEAR, RELU, SIGMOID, TANH } from "../../layout";

/** The derivative of an activation (numbered as in ../../layout), from the y it gave. */
export function slope(activation: i32, y: v128): v128 {
  const one = f32x4.splat(1);
  if (activation == SIGMOID) return f32x4.mul(y, f32x4.sub(one, y));
  if (activation == RELU) return v128.and(f32x4.gt(y, f32x4.splat(0)), one);
  if (activation == TANH) return f32x4.sub(one, f32x4.mul(y, y));
  if (activation == LINEAR) return one;
  const inside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, one));
  return v128.and(inside, f32x4.splat(activation == HARD_SIGMOID ? <f32>0.2 : <f32>0.16666667));
}
