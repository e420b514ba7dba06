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
 * On a GPU the plain graph launches a kernel per op. There XLA runs every batch size, and the plain graph answers only
 * until XLA has compiled.
 */

import { descriptionOf } from "../../network/layers/layers.js";
import type { Network } from "../../network/network.js";
import { layersWithShapes } from "../../network/network.js";
import type { Lowering } from "./graph.js";

export interface LoweringPlan {
  readonly lowering: Lowering;
  /** Batch sizes in windows, ascending. */
  readonly compiledSizes: readonly number[];
  /** How many times its own windows a run may be padded to (device-tasks.ts). */
  readonly maxPadding: number;
}

/** Up to here XLA compiles unrolled timesteps fast enough; above, it gets a loop. */
const MAX_COMPILED_STEPS = 18;
/** Above, TensorFlow takes too long to prepare an unrolled graph. */
const MAX_PLAIN_STEPS = 400;
/** Up to here, and from about 8 windows on, the plain graph is as fast as XLA on a CPU. */
const MAX_PLAIN_WINDOWS = 128;

/**
 * Chooses the programs of a network.
 * @param maxBatchWindows windows of the largest batch.
 */
export function planLowering(
  network: Network,
  { maxBatchWindows, usesGpu }: { readonly maxBatchWindows: number; readonly usesGpu: boolean },
): LoweringPlan {
  const steps = recurrentSteps(network);
  const compiled = { blockSteps: steps <= MAX_COMPILED_STEPS ? network.timesteps : 1 };
  const plain = { blockSteps: network.timesteps };
  const powers = powersOfFour(maxBatchWindows);
  if (steps > MAX_PLAIN_STEPS) return { lowering: { compiled }, compiledSizes: powers, maxPadding: 4 };
  // Without a recurrence the network is a few matrix products, which XLA does not make faster.
  if (steps === 0 && !usesGpu) return { lowering: { plain }, compiledSizes: [], maxPadding: 1 };
  if (usesGpu) return { lowering: { compiled, plain }, compiledSizes: powers, maxPadding: 4 };
  const small = powersOfFour(Math.min(4, maxBatchWindows));
  const compiledSizes = maxBatchWindows > MAX_PLAIN_WINDOWS ? [...small, maxBatchWindows] : small;
  return { lowering: { compiled, plain }, compiledSizes, maxPadding: 2 };
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
