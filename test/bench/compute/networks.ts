/** The networks of the usual comparison: LSTM(U) -> RepeatVector -> LSTM(U) -> Dense(F), with weights of a usual size. */
import { buildNetwork } from "../../../src/network/architectures.js";
import { type Network, weightShapes } from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";

/** T, F, U. */
export type Shape = readonly [timesteps: number, features: number, units: number];

export const SHAPES: readonly Shape[] = [
  [9, 1, 100],
  [50, 8, 64],
  [100, 25, 64],
];

export function autoencoder([timesteps, features, units]: Shape, activation: "relu" | "tanh"): Network {
  return buildNetwork({ family: "reconstruction", timesteps, features, units: [units], activation });
}

/** Weights as large as those of a trained model; the speed does not depend on their values. */
export function someWeights(network: Network): Weights {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.28;
  };
  return new Map(
    [...weightShapes(network)].map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: Float32Array.from({ length }, next) }];
    }),
  );
}

/** Numbers in [0, 1) for a batch. */
export function someWindows(count: number, [timesteps, features]: Shape): Float32Array {
  return Float32Array.from({ length: count * timesteps * features }, (_, i) => ((i * 37) % 101) / 101);
}

/**
 * Multiply-adds that a window needs. The repeated input of the decoder is multiplied once, and the first state of each
 * layer not at all, since it is zero.
 */
export function multiplyAdds([timesteps, features, units]: Shape): number {
  const gates = 4 * units;
  const states = 2 * (timesteps - 1) * gates * units;
  return timesteps * gates * features + states + gates * units + timesteps * units * features;
}
