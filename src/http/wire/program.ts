/**
 * How TypeScript tells the writing kernel (assembly/window.ts) what to write. A program is a list of
 * instructions that is run once for each window (or each timestep of a series), n of them. An instruction is
 * eight 32-bit words, the first of which is its kind; the others are:
 *   LITERAL      address and length of a text
 *   LITERAL_IF   address and length of a text, address of [n] uint8: the text is written where that is 1
 *   SCORE        address of [n] float64, written as the shortest decimal of its float32
 *   DOUBLE       address of [n] float64
 *   VERDICT      address of [n] int8: 1 true, 0 false, anything else null
 *   ERRORS       address of [n, count] float64, count; each written as by SCORE
 *   FLOATS       address of [n, count] float32, count
 *   ROWS         address of [n, steps, F] float32, steps, F, reversed (1 or 0), addresses of scale [F] float64,
 *                offset [F] float64 and decimals [F] int32: written as scaled * scale + offset
 *   ROW          as ROWS, of [n, F]: one array a window, without another around it
 */
export const LITERAL = 0;
export const LITERAL_IF = 1;
export const SCORE = 2;
export const DOUBLE = 3;
export const VERDICT = 4;
export const ERRORS = 5;
export const FLOATS = 6;
export const ROWS = 7;
export const ROW = 8;

export const INSTRUCTION_WORDS = 8;
export const INSTRUCTION_BYTES = 4 * INSTRUCTION_WORDS;

/**
 * The kinds that write values as they are, with the bytes that a value takes in memory, and the most that it
 * takes in the text with the comma behind it: "-999999950000000000000," for a float32,
 * "-0.0000012345678901234567," for a double.
 */
export const VALUE_BYTES = {
  [SCORE]: { bytes: 8, text: 23 },
  [DOUBLE]: { bytes: 8, text: 26 },
  [VERDICT]: { bytes: 1, text: 5 },
  [ERRORS]: { bytes: 8, text: 23 },
  [FLOATS]: { bytes: 4, text: 23 },
} as const;
export type ValueKind = keyof typeof VALUE_BYTES;

/** The most bytes that a value in the caller's units takes beside its decimals: up to 21 digits with sign, point and comma. */
export const UNITS_TEXT = 26;

/** The next multiple of eight: where an array of any kind may begin. */
export function align(bytes: number): number {
  return (bytes + 7) & ~7;
}
