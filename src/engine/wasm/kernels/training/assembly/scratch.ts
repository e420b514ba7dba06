/** This thread's own scratch memory; ../../../training/placement.ts says how much there is. */
export let scratch: usize = 0;

export function useScratch(at: usize): void {
  scratch = at;
}

/** A line of zeros, to start from. */
export const ZEROS = memory.data(64, 64);
