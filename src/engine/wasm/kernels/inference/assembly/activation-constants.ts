/** The constants of the activations (activations.ts, elu.ts). */

/**
 * The constants, four times each. V8 builds a constant in the code with three instructions at each use; one that is
 * loaded from memory before a loop stays in a register.
 */
const CONSTANTS = memory.data<f32>(
  [
    // z is clipped to [-100, 100]: beyond, 1 + 2^z rounds to 1 or to 2^z. A and B are about 2^8, so nothing overflows.
    100, 100, 100, 100, -100, -100, -100, -100,
    // 1.5 * 2^23
    12582912, 12582912, 12582912, 12582912,
    // b0 = 60 / ln^2 2, a0 = 120 / ln^3 2, a1 = 12 / ln 2. The approximant is e^x = (A + xB) / (A - xB) with
    // A = 120 + 12 x^2 and B = 60 + x^2. With x = r ln 2, numerator and denominator are divided by ln^3 2.
    124.88214, 124.88214, 124.88214, 124.88214, 360.33368, 360.33368, 360.33368, 360.33368,
    17.31234, 17.31234, 17.31234, 17.31234,
    // x is clipped to [-9.1, 9.1]: beyond, tanh x rounds to -1 or 1 in float32.
    9.1, 9.1, 9.1, 9.1, -9.1, -9.1, -9.1, -9.1,
    // 2 / ln 2, 1, and -1 / ln 2
    2.885390, 2.885390, 2.885390, 2.885390, 1, 1, 1, 1, -1.442695, -1.442695, -1.442695, -1.442695,
  ],
  64,
);
export const MOST: usize = 0;
export const LEAST: usize = 16;
export const ROUND: usize = 32;
export const B0: usize = 48;
export const A0: usize = 64;
export const A1: usize = 80;
export const MOST_TANH: usize = 96;
export const LEAST_TANH: usize = 112;
export const TWICE_LOG2E: usize = 128;
export const ONE: usize = 144;
export const MINUS_LOG2E: usize = 160;

/** As a splat: V8 merges two vectors into one of 256 bits (../../../wide-vectors.ts) only if their constants are splats. */
@inline
export function constant(offset: usize): v128 {
  return v128.load32_splat(CONSTANTS + offset);
}
