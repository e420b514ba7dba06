import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Loss } from "../../../src/engine/engine.js";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { type Network, validateNetwork, windowSize } from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";
import { someNumbers, someWeights, trainableNetworks } from "../network-arbitrary.js";
import { referenceLoss } from "../reference-network.js";

const STEP = 1e-6;

/** The derivative of the reference network's loss as one tensor moves in a direction, by central differences. */
function slopeAlong(
  network: Network,
  weights: Weights,
  name: string,
  direction: Float32Array,
  lossOf: (weights: ReadonlyMap<string, { data: ArrayLike<number> }>) => number,
): number {
  validateNetwork(network);
  const moved = (by: number): number => {
    const data = Float64Array.from(weights.get(name)!.data, (value, n) => value + by * direction[n]!);
    return lossOf(new Map<string, { data: ArrayLike<number> }>(weights).set(name, { data }));
  };
  return (moved(STEP) - moved(-STEP)) / (2 * STEP);
}

test("gradients are those of the reference network, whatever the layers", async () => {
  await fc.assert(
    fc.asyncProperty(
      trainableNetworks,
      fc.constantFrom(1, 2, 3, 8, 9, 20),
      fc.constantFrom<Loss>("mse", "mae"),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 1_000 }),
      async (network, count, loss, threads, seed) => {
        const weights = someWeights(network, seed);
        const size = count * windowSize(network);
        const inputs = someNumbers(seed + 100, size);
        const targets = someNumbers(seed + 101, size);
        const trainer = await createTrainer(network, weights, { loss, seed, threads });
        try {
          const given = await trainer.lossAndGradients(inputs, targets, count);
          const lossOf = (moved: ReadonlyMap<string, { data: ArrayLike<number> }>): number =>
            referenceLoss(network, moved, inputs, targets, count, loss);
          const want = lossOf(weights);
          assert.ok(Math.abs(given.loss - want) <= 1e-5 * want, `loss ${given.loss}, not ${want}`);
          for (const [name, { data }] of given.gradients) {
            const direction = someNumbers(seed + 102, data.length).map((value) => Math.sign(value));
            const slope = slopeAlong(network, weights, name, direction, lossOf);
            const along = data.reduce((sum, value, n) => sum + value * direction[n]!, 0);
            const total = data.reduce((sum, value) => sum + Math.abs(value), 0);
            assert.ok(
              Math.abs(along - slope) <= 1e-4 * total + 1e-6,
              `${name}: ${along} along a direction, not ${slope} (all together ${total})`,
            );
          }
        } finally {
          await trainer.close();
        }
      },
    ),
    { numRuns: 40 },
  );
});
