/** Memory of this thread's own, for what it needs for a moment; how much there is, ../plan.ts says. */
export let scratch: usize = 0;

export function useScratch(at: usize): void {
  scratch = at;
}

/** A line of zeros, to start from. */
export const ZEROS = memory.data(64, 64);
