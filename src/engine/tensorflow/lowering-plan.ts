/**
 * Which programs a network is lowered to, and for which batch sizes the compiled one is warmed. The rules follow from
 * measurements.
 *
 * Measured on two CPU cores, with relu and tanh LSTMs of 64 to 100 units:
 * - The plain graph, unrolled over time, is as fast as XLA from about 8 windows on (oneDNN computes its matrix
 *   products). It needs no padding and no compilation.
 * - XLA takes a third to a half of the plain graph's time for 1 to 4 windows and for a thousand. It compiles for 0.4 s
 *   per batch size, and longer with every unrolled timestep.
 * - TensorFlow takes seconds to prepare a plain graph of a thousand unrolled timesteps. Such a network gets the
 *   compiled program alone, with a loop.
 *
 * Measured on an H200, with LSTMs of 64 to 100 units:
 * - cuDNN (through PyTorch) takes a third to a tenth of XLA's time for tanh LSTMs. It needs no compilation, and takes any
 *   number of windows.
 * - The plain graph launches a kernel per op: 6 times as long as XLA for one window of 9 timesteps. There XLA runs every
 *   batch size, and the plain graph answers only until XLA has compiled.
 * - A loop of XLA costs 25 us per timestep where an iteration has one timestep, and 8 us from 7 on, as unrolled ones do.
 */

import { descriptionOf } from "../../network/layers/layers.js";
import type { Network } from "../../network/network.js";
import { layersWithShapes } from "../../network/network.js";
import type { Lowering } from "./graph.js";
import { cudnnRuns } from "./graph-cudnn.js";

export interface LoweringPlan {
  /** What computes the network, as logs name it. */
  readonly by: string;
  readonly lowering: Lowering;
  /** Batch sizes in windows, ascending. */
  readonly compiledSizes: readonly number[];
  /** How many times its own windows a run may be padded to (device-tasks.ts). */
  readonly maxPadding: number;
  /** What the numbers of this plan are compared with before it is used; undefined where they need not be. */
  readonly checkedBy?: LoweringPlan;
}

/** Up to here XLA compiles unrolled timesteps fast enough; above, it gets a loop. */
const MAX_COMPILED_STEPS = 18;
/** Above, TensorFlow takes too long to prepare an unrolled graph. */
const MAX_PLAIN_STEPS = 400;
/** Up to here, and from about 8 windows on, the plain graph is as fast as XLA on a CPU. */
const MAX_PLAIN_WINDOWS = 128;
/** How many timesteps one iteration of a loop of XLA unrolls on a GPU: from 6 on it saves no more. */
const GPU_BLOCKS = [6, 7, 8, 9, 10, 11] as const;

/**
 * Chooses the programs of a network.
 * @param maxBatchWindows windows of the largest batch.
 * @returns the plan to try first, then those for where TensorFlow cannot carry out the ones before.
 */
export function planLowerings(
  network: Network,
  options: { readonly maxBatchWindows: number; readonly usesGpu: boolean },
): readonly LoweringPlan[] {
  const onPlainOps = {
    lowering: { plain: { blockSteps: network.timesteps } },
    compiledSizes: [],
    maxPadding: 1,
  };
  const plain = { by: "TensorFlow's ops", ...onPlainOps };
  // Without a recurrence the network is a few matrix products, which XLA does not make faster.
  if (recurrentSteps(network) === 0 && !options.usesGpu) return [plain];
  const compiled = { by: "XLA", ...planCompiled(network, options) };
  if (!options.usesGpu || !cudnnRuns(network)) return [compiled, plain];
  // The library is that of the machine, in whatever version: it is believed once its numbers are right.
  const checkedBy = recurrentSteps(network) > MAX_PLAIN_STEPS ? compiled : plain;
  const cudnn = { by: "cuDNN", ...onPlainOps, lowering: { plain: "cudnn" as const }, checkedBy };
  return [cudnn, compiled, plain];
}

function planCompiled(
  network: Network,
  { maxBatchWindows, usesGpu }: { readonly maxBatchWindows: number; readonly usesGpu: boolean },
): Omit<LoweringPlan, "by"> {
  const steps = recurrentSteps(network);
  const loop = usesGpu ? gpuBlock(network.timesteps) : 1;
  const compiled = { blockSteps: steps <= MAX_COMPILED_STEPS ? network.timesteps : loop };
  const plain = { blockSteps: network.timesteps };
  const powers = powersOfFour(maxBatchWindows);
  if (steps > MAX_PLAIN_STEPS) return { lowering: { compiled }, compiledSizes: powers, maxPadding: 4 };
  if (usesGpu) return { lowering: { compiled, plain }, compiledSizes: powers, maxPadding: 4 };
  const small = powersOfFour(Math.min(4, maxBatchWindows));
  const compiledSizes = maxBatchWindows > MAX_PLAIN_WINDOWS ? [...small, maxBatchWindows] : small;
  return { lowering: { compiled, plain }, compiledSizes, maxPadding: 2 };
}

/** The block that leaves the fewest timesteps before the loop, since XLA compiles those too; of several the largest. */
function gpuBlock(timesteps: number): number {
  const before = (block: number): number => (timesteps - 1) % block;
  return GPU_BLOCKS.reduce((best, block) => (before(block) <= before(best) ? block : best));
}

/** 1, 4, 16, ... below `largest`, then `largest` itself. */
function powersOfFour(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < largest; size *= 4) sizes.push(size);
  return [...sizes, largest];
}

/** Timesteps of all recurrent layers together. */
function recurrentSteps(network: Network): number {
  return layersWithShapes(network)
    .filter(({ layer }) => descriptionOf(layer).isRecurrent)
    .reduce((sum, { input }) => sum + input[0]!, 0);
}
