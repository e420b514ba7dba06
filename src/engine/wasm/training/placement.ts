/**
 * A plan placed for training on batches of some size: where every value and gradient stands in memory, the records of
 * the operations of the forward pass (run in reverse for the backward pass), and of the products that then give the
 * gradients of the weights.
 *
 * Rows of a batch depend on each other only in those products. So threads share out the rows first, and then the tiles
 * of the products; every sum has one order, by rows within a tile.
 */
import { layersWithShapes, type Network, windowSize } from "../../../network/network.js";
import { planNetwork } from "../plan/plan.js";
import { BatchSpace, LINE_BYTES } from "./batch-space.js";
import { type ParameterLayout, paddedRow } from "./parameters.js";
import { type Pass, Placer } from "./placer.js";
import type { ParameterAddresses } from "./recurrent.js";

/** The most bytes of a group's values: they are written once and read twice, and should stay in a cache. */
const GROUP_BYTES = 6 * 2 ** 20;
/** Windows that a thread takes at a time; groups hold a multiple. */
export const BLOCK_WINDOWS = 8;

export interface BatchPlacement {
  /** Windows there is room for. */
  readonly windows: number;
  readonly groupWindows: number;
  readonly inputs: number;
  readonly targets: number;
  readonly windowWeights: number;
  readonly losses: number;
  readonly squares: number;
  /** Of each thread, one after the other. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly group: Pass;
  /** The last group of a full batch, which may be smaller. */
  readonly lastGroup: Pass;
  /** The first byte after it all. */
  readonly end: number;
}

/** Places batches of `windows` windows in the memory from `start` on, which has to be zero but for the passes' tables. */
export function placeForTraining(
  network: Network,
  layout: ParameterLayout,
  addresses: ParameterAddresses,
  { windows, threads, start }: { windows: number; threads: number; start: number },
): BatchPlacement {
  const operations = planNetwork(network);
  const pass = (count: number, room: number, tables: number): Pass => {
    const placer = new Placer(layout, addresses, new BatchSpace(count, room, start));
    for (const operation of operations) placer.place(operation);
    return placer.finish(tables);
  };
  const blockBytes = pass(BLOCK_WINDOWS, BLOCK_WINDOWS, start).space.end - start;
  const blocks = Math.max(1, Math.floor(GROUP_BYTES / blockBytes));
  const groupWindows = Math.min(windows, blocks * BLOCK_WINDOWS);
  const group = pass(groupWindows, groupWindows, start);
  const rest = windows % groupWindows;
  const lastGroup = rest === 0 ? group : pass(rest, groupWindows, group.space.end);
  const { space } = lastGroup;
  const scratchBytes = blockScratchBytes(network);
  const windowBytes = windowSize(network) * 4;
  return {
    windows,
    groupWindows,
    inputs: space.take(windows * windowBytes),
    targets: space.take(windows * windowBytes),
    windowWeights: space.take(windows * 4),
    losses: space.take(windows * 8),
    squares: space.take(group.weightGradientCount * 8),
    scratch: space.take(threads * scratchBytes),
    scratchBytes,
    group,
    lastGroup,
    end: space.end,
  };
}

/** A thread's scratch, for each row of a block: four lines of sums, and all that a layer reads in a step. */
function blockScratchBytes(network: Network): number {
  const widths = layersWithShapes(network).map(({ layer, input }) => {
    const width = input.at(-1)!;
    return "units" in layer ? width + layer.units : width;
  });
  return BLOCK_WINDOWS * (4 * LINE_BYTES + paddedRow(Math.max(...widths)) * 4);
}
