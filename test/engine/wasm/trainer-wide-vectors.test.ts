/** Training with wide vectors: the same bits as with narrow ones, whatever the network and the batch. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Kernels } from "../../../src/engine/wasm/kernels.js";
import { WasmTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { type ArchitectureOptions, buildNetwork } from "../../../src/network/architectures.js";
import { initialWeights, type Weights } from "../../../src/network/weights.js";
import { someNumbers } from "../network-arbitrary.js";
import { wideAndNarrow } from "./wide-and-narrow.js";

const OF_MANY_UNITS = [1, 6, 13, 16, 23, 34].flatMap((units): ArchitectureOptions[] => [
  { family: "reconstruction", timesteps: 4, features: 1, units: [units], activation: "relu" },
  { family: "composite", timesteps: 4, horizon: 2, features: 5, units: [units, 9], activation: "tanh" },
]);
const ARCHITECTURES: readonly ArchitectureOptions[] = [
  ...OF_MANY_UNITS,
  { family: "reconstruction", timesteps: 3, features: 18, units: [7], activation: "linear", dropout: 0.3 },
  { family: "prediction", timesteps: 3, horizon: 2, features: 2, units: [5, 21, 8], activation: "sigmoid" },
  { family: "dense", timesteps: 5, features: 3, units: [20, 6], activation: "relu" },
  { family: "stacked", timesteps: 5, features: 3, units: [19, 6], activation: "tanh" },
  {
    family: "dense",
    timesteps: 5,
    features: 3,
    units: [20, 6],
    activation: "tanh",
    linearPath: 4,
    encoderReads: "window",
  },
];

interface Trained {
  readonly losses: readonly number[];
  readonly gradients: Weights;
  readonly weights: Weights;
}

/** Trains a network in steps of many batch sizes. */
async function train(used: Kernels, architecture: ArchitectureOptions): Promise<Trained> {
  const network = buildNetwork(architecture);
  const options = { loss: "mse", seed: 3, threads: 2 } as const;
  const trainer = new WasmTrainer(used, network, initialWeights(network, 5), options);
  const size = network.timesteps * network.features;
  const losses: number[] = [];
  for (const [n, count] of [1, 2, 3, 5, 7, 16, 37].entries()) {
    const clipNorm = n % 2 === 0 ? undefined : 0.1;
    const windows = someNumbers(n, count * size);
    losses.push(await trainer.step(windows, windows, count, { learningRate: 1e-2, clipNorm }));
  }
  const windows = someNumbers(9, 11 * size);
  const { loss, gradients } = await trainer.lossAndGradients(windows, windows, 11);
  losses.push(loss, await trainer.evaluate(windows, 11));
  const weights = trainer.weights();
  await trainer.close();
  return { losses, gradients, weights };
}

async function trainAll(used: Kernels): Promise<Trained[]> {
  const all: Trained[] = [];
  for (const architecture of ARCHITECTURES) all.push(await train(used, architecture));
  return all;
}

test("every network and batch trains to the same bits with wide and narrow vectors", async () => {
  const { wide, narrow } = await wideAndNarrow("training", trainAll);
  assert.ok(wide.every(({ losses }) => losses.every(Number.isFinite)));
  // Not deepEqual of all, whose message would list every number that differs.
  assert.deepEqual(
    ARCHITECTURES.filter((_, n) => !isDeepStrictEqual(wide[n], narrow[n])),
    [],
  );
});
