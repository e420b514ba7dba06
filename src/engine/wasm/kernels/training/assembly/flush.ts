/**
 * Numbers below 1e-30 become 0: they are too small to change a weight. Gradients that vanish over many timesteps, and the
 * moments of weights whose gradient stays 0, would otherwise shrink to subnormal numbers (below 1e-38), with which some
 * processors compute a hundred times slower.
 */
const LEAST = memory.data<f32>([1e-30]);
const MAGNITUDE = memory.data<i32>([0x7fffffff]);

/** The constants that `flush` takes: loaded from memory before a loop they stay in registers. */
@inline
export function loadLeast(): v128 {
  return v128.load32_splat(LEAST);
}

@inline
export function loadMagnitude(): v128 {
  return v128.load32_splat(MAGNITUDE);
}

/** x, or 0 where |x| is below `least`; NaN stays NaN. `magnitude` is a mask without the sign bit. */
@inline
export function flush(x: v128, least: v128, magnitude: v128): v128 {
  return v128.andnot(x, f32x4.lt(v128.and(x, magnitude), least));
}
