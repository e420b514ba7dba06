/**
 * Which programs a network is lowered to, and for which batch sizes they are made ready: decided by what was measured.
 *
 * On two CPU cores (relu and tanh LSTMs of 64 to 100 units) the plain graph, written out in time, keeps up with XLA
 * from some 8 windows on (its matrix products are oneDNN's), needs no padding, and is ready at once. XLA takes a third
 * to a half of its time for 1 to 4 windows, and for a thousand, but 0.4 s to compile each size, and more for every
 * timestep that is written out. A graph of a thousand timesteps written out takes TensorFlow seconds to prepare: there
 * XLA's loop is the only program. On a GPU a plain graph is a launch per op: XLA does everything, and the plain one
 * serves until it has compiled.
 */

import { descriptionOf } from "../../network/layers/layers.js";
import type { Network } from "../../network/network.js";
import { layersWithShapes } from "../../network/network.js";
import type { Lowering } from "./graph.js";

export interface LoweringPlan {
  readonly lowering: Lowering;
  /** Ascending. */
  readonly compiledSizes: readonly number[];
  readonly maxPadding: number;
}

const MAX_COMPILED_STEPS = 18;
const MAX_PLAIN_STEPS = 400;
/** Up to here the plain graph is as fast as XLA on a CPU. */
const MAX_PLAIN_WINDOWS = 128;

export function planLowering(
  network: Network,
  { maxBatchWindows, usesGpu }: { readonly maxBatchWindows: number; readonly usesGpu: boolean },
): LoweringPlan {
  const steps = recurrentSteps(network);
  const compiled = { blockSteps: steps <= MAX_COMPILED_STEPS ? network.timesteps : 1 };
  const plain = { blockSteps: network.timesteps };
  const powers = powersOfFour(maxBatchWindows);
  if (steps > MAX_PLAIN_STEPS) return { lowering: { compiled }, compiledSizes: powers, maxPadding: 4 };
  // Without a recurrence there are a few matrix products, and nothing to gain.
  if (steps === 0 && !usesGpu) return { lowering: { plain }, compiledSizes: [], maxPadding: 1 };
  if (usesGpu) return { lowering: { compiled, plain }, compiledSizes: powers, maxPadding: 4 };
  const small = powersOfFour(Math.min(4, maxBatchWindows));
  const compiledSizes = maxBatchWindows > MAX_PLAIN_WINDOWS ? [...small, maxBatchWindows] : small;
  return { lowering: { compiled, plain }, compiledSizes, maxPadding: 2 };
}

/** 1, 4, 16, ... and the largest itself. */
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
