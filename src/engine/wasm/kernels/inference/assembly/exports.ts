/** What a thread of the inference engine calls. */
import { JOB_BLOCKS, JOB_KIND, JOB_KIND_FORWARD, JOB_ROWS, OWN_SLOT } from "../../../pool/layout";
import { forward } from "./forward";
import { takeBlocks } from "./ring";
import { word } from "./words";

export { activateAll } from "./activations";
// For the comparison of wide and narrow vectors (../../../inference-probe.ts).
export { dense } from "./dense";
export { recurrentStep } from "./recurrent";
// The functions below are exported for the optimiser's sake only. It would move a function that has one caller into
// that caller, whose addresses would then take the registers that the function's loop needs.
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

/** The first byte after the kernels' constants: at most CONTROL. */
export function constantsEnd(): usize {
  return __heap_base;
}

/** Works until the pool is closed. */
export function work(worker: i32, firstJob: i32): void {
  takeBlocks(worker, firstJob, runBlock);
}

/** Runs the job of one block that stands in the slot beside the ring, on the thread that calls. */
export function runAlone(): void {
  runBlock(OWN_SLOT, 0, 0);
}

/** Rows are split as evenly as can be; the first blocks are the longer ones. */
function runBlock(slot: usize, worker: i32, block: i32): void {
  if (word(slot, JOB_KIND) != JOB_KIND_FORWARD) unreachable();
  const blocks = word(slot, JOB_BLOCKS);
  const each = word(slot, JOB_ROWS) / blocks;
  const longer = word(slot, JOB_ROWS) % blocks;
  const firstRow = block * each + min(block, longer);
  const rows = each + i32(block < longer);
  forward(slot, worker, firstRow, rows);
}
