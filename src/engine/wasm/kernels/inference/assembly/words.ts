/** Reads 32-bit words of records from memory (../../../plan/layout.ts and the other layout files). */

/** A word that is a number, which may be below 0. */
@inline
export function word(at: usize, index: i32): i32 {
  return load<i32>(at + (<usize>index << 2));
}

/** A word that is an address, an offset or a number of bytes. */
@inline
export function pointer(at: usize, index: i32): usize {
  return <usize>load<u32>(at + (<usize>index << 2));
}

/** Where a word stands. */
@inline
export function wordAddress(at: usize, index: i32): usize {
  return at + (<usize>index << 2);
}
