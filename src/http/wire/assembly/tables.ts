/** Where the caller puts the tables (../tables.ts fills them), and 64-bit products. */

/** [651] of 128 bits, low half first: 5^q from q = -342 on, the highest bit set; see ../tables.ts for rounding. */
export const POWERS_OF_FIVE: usize = 0;
/** [78] uint64: 10^k for k from -32, the highest bit set, rounded up. */
export const POWERS_OF_TEN_FLOAT: usize = 10432;
/** [20] uint64: 10^0 to 10^19. */
export const POWERS_OF_TEN: usize = 11072;
/** [23] float64: 10^0 to 10^22, all of them exact. */
export const EXACT_POWERS_OF_TEN: usize = 11232;

/**
 * The high half of a 64 x 64-bit product, for which WebAssembly has no instruction; the low half is a * b.
 */
@inline
export function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffffffff)) >> 32);
}
