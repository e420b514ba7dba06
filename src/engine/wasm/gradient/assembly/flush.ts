/**
 * Numbers below this can no longer change a weight. Gradients that vanish over many timesteps and the moments of units
 * that have died would go on to below 1e-38, where some processors take a hundred times longer.
 */
export const LEAST: f32 = 1e-30;

/** 0 for what is below `least`; NaN stays NaN. */
@inline
export function flush(x: v128, least: v128): v128 {
  return v128.andnot(x, f32x4.lt(f32x4.abs(x), least));
}
