/** What a worker thread calls. */
import {
  CONTROL,
  CONTROL_AWAKE,
  CONTROL_FINISHED,
  CONTROL_SPINS,
  CONTROL_STOP,
  CONTROL_SUBMITTED,
  JOB_BLOCKS,
  JOB_KIND,
  JOB_KIND_FORWARD,
  JOB_PENDING,
  JOB_ROWS,
  JOB_WORDS,
  RING,
  RING_SLOTS,
} from "../layout";
import { forward, word } from "./forward";

export { activateAll } from "./activations";
// For the comparison of wide and narrow vectors (../inference-probe.ts).
export { dense } from "./dense";
export { lstmStep } from "./lstm";
// Exported only so that the optimiser keeps them apart: it would move a function with one caller into that caller, whose
// addresses would then take the registers that the loop needs.
export { scaledSigmoids, tanhs, tanhTimes } from "./activations";
export { reluCells } from "./cells";
export { oneRowFourPanels } from "./dense";
export {
  sumFourTilesOfOneRow,
  sumHalfTileOfFourRows,
  sumHalfTileOfSixRows,
  sumTileOfFourRows,
  sumTileOfSixRows,
  sumTileOfTwoRows,
  sumTwoTilesOfOneRow,
  sumTwoTilesOfTwoRows,
} from "./generated/gate-sums";
export { sumPanelOfFourRows, sumPanelOfSixRows } from "./generated/panel-sums";

/** Tells the thread that submits jobs that one is done. */
@external("residua", "finished")
declare function finished(): void;

/** Where the kernels' constants end, for a test: it must not be past CONTROL. */
export function constantsEnd(): usize {
  return __heap_base;
}

/**
 * A worker's life: takes blocks of the oldest job that has any, sleeps when there is none, and returns when the
 * crew is closed. Jobs before `firstJob` are not looked at.
 */
export function work(worker: i32, firstJob: i32): void {
  let job = firstJob;
  atomic.add<i32>(CONTROL + (CONTROL_AWAKE << 2), 1);
  while (true) {
    const slot = <usize>(RING + (((job & (RING_SLOTS - 1)) * JOB_WORDS) << 2));
    if (!waitFor(job)) return;
    while (true) {
      // The block is what the counter held: nothing else of the slot may be read before it is claimed, since the
      // slot of a job that is done is written anew.
      const claimed = atomic.sub<i32>(slot, 1);
      if (claimed <= 0) break;
      runBlock(slot, worker, claimed - 1);
      if (atomic.sub<i32>(slot + (JOB_PENDING << 2), 1) == 1) {
        atomic.add<i32>(CONTROL + (CONTROL_FINISHED << 2), 1);
        atomic.notify(CONTROL + (CONTROL_FINISHED << 2), -1);
        finished();
      }
    }
    job++;
  }
}

/** Runs the one block of a job that no worker knows of, on the thread that calls. */
export function runAlone(slot: usize): void {
  runBlock(slot, 0, 0);
}

/** Returns false where the crew is to stop, and true once job `job` has been submitted. */
function waitFor(job: i32): bool {
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

/** Rows are split as evenly as can be; the first blocks are the longer ones. */
function runBlock(slot: usize, worker: i32, block: i32): void {
  const blocks = word(slot, JOB_BLOCKS);
  const each = word(slot, JOB_ROWS) / blocks;
  const longer = word(slot, JOB_ROWS) % blocks;
  const firstRow = block * each + min(block, longer);
  const rows = each + i32(block < longer);
  const kind = word(slot, JOB_KIND);
  if (kind == JOB_KIND_FORWARD) forward(slot, worker, firstRow, rows);
}
