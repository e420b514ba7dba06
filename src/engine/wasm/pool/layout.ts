/**
 * What worker threads and the thread that submits jobs agree on. Both compilers read this file, TypeScript and
 * AssemblyScript: it holds untyped constants only.
 *
 * Shared memory, from address 0:
 *
 *   [0, CONTROL)          the kernels' constants: their compiler puts them at 1024 and after
 *   [CONTROL, RING)       the control words
 *   [RING, OWN_SLOT)      RING_SLOTS job slots
 *   [OWN_SLOT, HEAP)      one more slot, for a job that the submitting thread runs itself
 *   [HEAP, end)           what the pool's owner keeps there
 *
 * All words are 32 bits wide; "word n of" means 4n bytes further on.
 */

/** Where the control words begin. Word 0 counts the jobs ever submitted. */
export const CONTROL = 4096;
export const CONTROL_SUBMITTED = 0;
/** How many times an idle worker looks for work before it sleeps. */
export const CONTROL_SPINS = 2;
/** Not 0: workers leave their loop. */
export const CONTROL_STOP = 3;
/** How many workers are not asleep. A worker subtracts itself before it looks for the last time. */
export const CONTROL_AWAKE = 4;

/** Job n stands in slot n % RING_SLOTS. */
export const RING = 4352;
export const RING_SLOTS = 64;
export const JOB_WORDS = 32;
export const OWN_SLOT = 12544;
export const HEAP = 12672;

/** Blocks nobody has claimed yet: a claim is an atomic decrement of a number b above 0, and claims block b - 1. */
export const JOB_UNCLAIMED = 0;
/** Blocks that are not done; the worker that takes it to 0 reports the job. */
export const JOB_PENDING = 1;
export const JOB_BLOCKS = 2;
/** One of the JOB_KIND numbers: which code runs a block. */
export const JOB_KIND = 3;
/** Rows (windows) of the whole job, split over the blocks as evenly as can be, longer blocks first. */
export const JOB_ROWS = 4;
/** Address of what the kind's code reads. */
export const JOB_PLAN = 5;
/** Worker w may write to [scratch + w * stride, + stride). */
export const JOB_SCRATCH = 6;
export const JOB_SCRATCH_STRIDE = 7;
/** Addresses by place (PLACE_INPUT, PLACE_OUTPUT + n in ../plan/layout.ts). */
export const JOB_PLACES = 8;

/** A network's answers to windows: JOB_PLAN is a plan in the inference placement. */
export const JOB_KIND_FORWARD = 0;
/** A batch of training: JOB_PLAN is a training record (../training/layout.ts). */
export const JOB_KIND_TRAIN = 1;
