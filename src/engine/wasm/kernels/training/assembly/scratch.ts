/** This thread's own scratch memory; ../../../training/placement.ts says how much there is. */
export let scratch: usize = 0;

/** Says where this thread's scratch is, before it works on a batch. */
export function useScratch(at: usize): void {
  scratch = at;
}

/** 64 bytes of zeros: the start of sums that start from nothing. */
export const ZEROS = memory.data(64, 64);
