/** Trains small networks of every kind of layer on made-up windows: for the comparison of wide and narrow vectors. */
import { type ArchitectureOptions, buildNetwork } from "../../network/architectures.js";
import { initialWeights, type Weights } from "../../network/weights.js";
import type { Kernels } from "./kernels.js";
import { WasmTrainer } from "./training/trainer.js";

/** With units, features and windows that are no multiples of what the kernels take at a time. */
const ARCHITECTURES: readonly ArchitectureOptions[] = [
  { family: "composite", timesteps: 3, horizon: 2, features: 5, units: [21, 6], activation: "tanh" },
  { family: "reconstruction", timesteps: 3, features: 1, units: [13], activation: "relu", dropout: 0.3 },
  {
    family: "prediction",
    cell: "gru",
    timesteps: 3,
    horizon: 2,
    features: 5,
    units: [13, 6],
    activation: "tanh",
  },
  { family: "dense", timesteps: 3, features: 7, units: [20, 5], activation: "relu" },
];
const WINDOWS = 37;

/** Losses, gradients and the weights after a step, as bytes. */
export async function probeTraining(kernels: Kernels): Promise<Uint8Array> {
  const results = await Promise.all(ARCHITECTURES.map((architecture) => train(kernels, architecture)));
  return Buffer.concat(results);
}

async function train(kernels: Kernels, architecture: ArchitectureOptions): Promise<Uint8Array> {
  const network = buildNetwork(architecture);
  const options = { loss: "mse", seed: 1, threads: 1 } as const;
  const trainer = new WasmTrainer(kernels, network, initialWeights(network, 1), options);
  try {
    const length = WINDOWS * network.timesteps * network.features;
    const windows = Float32Array.from({ length }, (_, n) => Math.sin(n * n));
    const { loss, gradients } = await trainer.lossAndGradients(windows, windows, WINDOWS);
    await trainer.step(windows, windows, WINDOWS, { learningRate: 1e-2, clipNorm: 0.1 });
    const losses = Buffer.from(Float64Array.of(loss).buffer);
    return Buffer.concat([losses, ...bytesOf(gradients), ...bytesOf(trainer.weights())]);
  } finally {
    await trainer.close();
  }
}

function bytesOf(weights: Weights): Uint8Array[] {
  return [...weights.values()].map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
}
