/** Derivatives of the activations, from the y they gave. */
import { HARD_SIGMOID, LINEAR, RELU, SIGMOID, TANH } from "../../layout";

@inline
export function reluSlope(y: v128): v128 {
  return v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.splat(1));
}

@inline
export function tanhSlope(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}

@inline
export function sigmoidSlope(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y));
}

/** Of the activation of that number in ../../layout. */
export function slope(activation: i32, y: v128): v128 {
  if (activation == RELU) return reluSlope(y);
  if (activation == TANH) return tanhSlope(y);
  if (activation == SIGMOID) return sigmoidSlope(y);
  if (activation == LINEAR) return f32x4.splat(1);
  const inside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, f32x4.splat(1)));
  return v128.and(inside, f32x4.splat(activation == HARD_SIGMOID ? <f32>0.2 : <f32>0.16666667));
}
