/** Temporary memory of this thread. ../plan.ts says how large it is. */
export let scratch: usize = 0;

export function useScratch(at: usize): void {
  scratch = at;
}

/** 64 bytes of zeros: the start of sums that start from nothing. */
export const ZEROS = memory.data(64, 64);
