/** The addresses of the tables, which ../tables.ts fills, and the high half of a 64-bit product. */

/**
 * 651 numbers of 128 bits, low half first: 5^q for q from -342, scaled so that the highest bit is set; ../tables.ts
 * says how each is rounded.
 */
export const POWERS_OF_FIVE: usize = 0;
/** 78 uint64: 10^k for k from -32, scaled so that the highest bit is set, and rounded up. */
export const POWERS_OF_TEN_FLOAT: usize = 10432;
/** 20 uint64: 10^0 to 10^19. */
export const POWERS_OF_TEN: usize = 11072;
/** 23 float64: 10^0 to 10^22, all exact. */
export const EXACT_POWERS_OF_TEN: usize = 11232;

/** The high 64 bits of a * b. WebAssembly has no instruction for it; the low 64 bits are `a * b`. */
@inline
export function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffffffff)) >> 32);
}
