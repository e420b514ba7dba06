/** A worker's life: it takes blocks of jobs from the ring in shared memory (../../../pool/layout.ts). */
import {
  CONTROL,
  CONTROL_AWAKE,
  CONTROL_SPINS,
  CONTROL_STOP,
  CONTROL_SUBMITTED,
  JOB_PENDING,
  JOB_WORDS,
  RING,
  RING_SLOTS,
} from "../../../pool/layout";

/** Tells the thread that submits jobs that one is done. */
@external("residua", "finished")
declare function finished(): void;

/**
 * Takes blocks of the oldest job that has any, sleeps when there is none, and returns when the pool is closed. Jobs
 * before `firstJob` are not looked at.
 * @param runBlock runs block `block` of the job in `slot`.
 */
export function takeBlocks(
  worker: i32,
  firstJob: i32,
  runBlock: (slot: usize, worker: i32, block: i32) => void,
): void {
  let job = firstJob;
  atomic.add<i32>(CONTROL + (CONTROL_AWAKE << 2), 1);
  while (true) {
    const slot = <usize>(RING + (((job & (RING_SLOTS - 1)) * JOB_WORDS) << 2));
    if (!waitForJob(job)) return;
    while (true) {
      // Nothing else of the slot may be read before a block is claimed: the slot of a job that is done is written anew.
      const claimed = atomic.sub<i32>(slot, 1);
      if (claimed <= 0) break;
      runBlock(slot, worker, claimed - 1);
      if (atomic.sub<i32>(slot + (JOB_PENDING << 2), 1) == 1) finished();
    }
    job++;
  }
}

/** Returns false where the pool is closed, and true once job `job` has been submitted. */
function waitForJob(job: i32): bool {
  const submitted: usize = CONTROL + (CONTROL_SUBMITTED << 2);
  while (true) {
    for (let spins = load<i32>(CONTROL + (CONTROL_SPINS << 2)); ; spins--) {
      if (atomic.load<i32>(CONTROL + (CONTROL_STOP << 2))) return false;
      const count = atomic.load<i32>(submitted);
      if (count - job > 0) return true;
      if (spins <= 0) {
        atomic.sub<i32>(CONTROL + (CONTROL_AWAKE << 2), 1);
        // Returns at once where a job was submitted since `count` was read.
        atomic.wait<i32>(submitted, count, -1);
        atomic.add<i32>(CONTROL + (CONTROL_AWAKE << 2), 1);
        break;
      }
    }
  }
}
