/** A job as the worker threads see it: some words of shared memory. */
import {
  JOB_BLOCKS,
  JOB_KIND,
  JOB_PLACES,
  JOB_PLAN,
  JOB_ROWS,
  JOB_SCRATCH,
  JOB_SCRATCH_STRIDE,
  JOB_WORDS,
  RING_SLOTS,
} from "./layout.js";

export interface Job {
  /** One of the JOB_KIND numbers. */
  readonly kind: number;
  /** Address of what the kind's code reads. */
  readonly plan: number;
  readonly rows: number;
  /** Multiply-adds, roughly. */
  readonly work: number;
  /** Into how many parts the rows are split, which workers claim one by one; at most `rows`. */
  readonly blocks: number;
  /**
   * Whether the blocks wait for one another, so that each needs a worker of its own: there may be no more of them than
   * the pool has threads.
   */
  readonly together: boolean;
  /** The address of the first worker's scratch; those of the others follow. */
  readonly scratch: number;
  /** Bytes of scratch of each worker. */
  readonly scratchStride: number;
  /** Addresses by place: see PLACE_INPUT and PLACE_OUTPUT. */
  readonly places: readonly number[];
}

/** The first word of a job's slot in the ring. Job numbers are 32-bit and wrap around. */
export function slotOf(number: number): number {
  return (number & (RING_SLOTS - 1)) * JOB_WORDS;
}

/** Writes all of a job but its counters. */
export function describeJob(words: Int32Array, slot: number, job: Job): void {
  words[slot + JOB_BLOCKS] = job.blocks;
  words[slot + JOB_KIND] = job.kind;
  words[slot + JOB_ROWS] = job.rows;
  words[slot + JOB_PLAN] = job.plan;
  words[slot + JOB_SCRATCH] = job.scratch;
  words[slot + JOB_SCRATCH_STRIDE] = job.scratchStride;
  words.set(job.places, slot + JOB_PLACES);
}
