/** A batcher on a manual scheduler and an engine whose runs end when a test ends them. */
import assert from "node:assert/strict";
import { ResiduaError } from "../../src/errors.js";
import type { BatchClient, BatchResult } from "../../src/serving/batch-job.js";
import { Batcher, type BatcherOptions } from "../../src/serving/batcher.js";
import { ManualScheduler } from "./manual-scheduler.js";
import { PausedExecutable, windowsOf } from "./paused-executable.js";

/** A batcher of one run of at most 8 windows at a time and a queue of 64, unless `options` say otherwise. */
export function pausedBatcher(options: Partial<BatcherOptions> = {}) {
  const scheduler = new ManualScheduler();
  const executable = new PausedExecutable();
  const batcher = new Batcher({
    maxBatchWindows: 8,
    maxWaitMs: 5,
    maxQueueWindows: 64,
    concurrentRuns: 1,
    scheduler,
    ...options,
  });
  const submit = (
    count: number,
    value = 0,
    more: { deadlineAtMs?: number; client?: BatchClient; on?: PausedExecutable } = {},
  ) => {
    const on = more.on ?? executable;
    return batcher.submit({
      target: targetOf(on),
      windows: windowsOf(on, count, value),
      count,
      ...more,
    });
  };
  return { scheduler, executable, batcher, submit };
}

export function targetOf(executable: PausedExecutable) {
  return { name: "model", version: "1", executable };
}

/** The embeddings of a request's windows: with one unit, a number for each window. */
export function embedding(result: BatchResult): number[] {
  return [...result.outputs.embedding];
}

/** Checks for `assert.throws` and `assert.rejects` that an error is a ResiduaError with this code. */
export const hasCode = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof ResiduaError);
  assert.equal(error.code, expected);
  return true;
};
