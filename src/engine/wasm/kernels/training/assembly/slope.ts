/** Derivatives of the activations as functions of their result y. `one` is loaded before a loop, so that it stays in a register. */
import { ELU, HARD_SIGMOID, HARD_SIGMOID_KERAS3, LINEAR, RELU, SIGMOID, TANH } from "../../../plan/layout";

const ONE = memory.data<f32>([1]);

/** 1, four times. */
@inline
export function loadOne(): v128 {
  return v128.load32_splat(ONE);
}

/** 1 where y is above 0, else 0. */
@inline
export function reluSlope(y: v128, one: v128): v128 {
  return v128.and(f32x4.gt(y, f32x4.splat(0)), one);
}

/** 1 - y², the derivative of tanh. */
@inline
export function tanhSlope(y: v128, one: v128): v128 {
  return f32x4.sub(one, f32x4.mul(y, y));
}

/** y (1 - y), the derivative of the logistic function. */
@inline
export function sigmoidSlope(y: v128, one: v128): v128 {
  return f32x4.mul(y, f32x4.sub(one, y));
}

/** The derivative of the activation of that number in ../../../plan/layout.ts. */
export function slope(activation: i32, y: v128, one: v128): v128 {
  if (activation == RELU) return reluSlope(y, one);
  if (activation == TANH) return tanhSlope(y, one);
  if (activation == SIGMOID) return sigmoidSlope(y, one);
  if (activation == LINEAR) return one;
  if (activation == ELU) return f32x4.add(one, f32x4.pmin(y, f32x4.splat(0)));
  if (activation != HARD_SIGMOID && activation != HARD_SIGMOID_KERAS3) unreachable();
  const inside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, f32x4.splat(1)));
  return v128.and(inside, f32x4.splat(activation == HARD_SIGMOID ? <f32>0.2 : <f32>0.16666667));
}
