/**
 * The program an answer's windows or timesteps are written by, part by part; assembly/window.ts runs it. A
 * part is eight words, the first its kind:
 *   LITERAL      address, length
 *   LITERAL_IF   address, length, [n] of uint8: written where that is 1
 *   SCORE        [n] of float64, as the shortest float32
 *   DOUBLE       [n] of float64
 *   VERDICT      [n] of int8
 *   ERRORS       [n, count] of float64, count
 *   FLOATS       [n, count] of float32, count
 *   ROWS         [n, steps, F] of float32, steps, F, reversed, scale [F], offset [F], decimals [F]
 */
export const LITERAL = 0;
export const LITERAL_IF = 1;
export const SCORE = 2;
export const DOUBLE = 3;
export const VERDICT = 4;
export const ERRORS = 5;
export const FLOATS = 6;
export const ROWS = 7;
export const PART_BYTES = 32;

/** By kind of part, the bytes a value takes in memory, and at most in the text, with the comma behind it. */
export const VALUE_BYTES = {
  [SCORE]: { bytes: 8, text: 16 },
  [DOUBLE]: { bytes: 8, text: 26 },
  [VERDICT]: { bytes: 1, text: 5 },
  [ERRORS]: { bytes: 8, text: 16 },
  [FLOATS]: { bytes: 4, text: 16 },
} as const;

/** Where the next array begins: every one stands at a multiple of eight. */
export function align(bytes: number): number {
  return (bytes + 7) & ~7;
}
