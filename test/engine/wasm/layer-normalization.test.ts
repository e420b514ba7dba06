/** Layer normalisation: the same bits with wide and with narrow vectors, and no training. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrainer } from "../../../src/engine/wasm/training/trainer.js";
import { InputError } from "../../../src/errors.js";
import type { Network } from "../../../src/network/network.js";
import { someWeights } from "../network-arbitrary.js";
import { answersOf, wideAndNarrow } from "./wide-and-narrow.js";

/** Normalised before an LSTM, behind it, as a vector, and as the head's last layer. */
function networkOf(features: number, units: number): Network {
  return {
    timesteps: 5,
    inputSteps: 5,
    features,
    encoder: [
      { kind: "layerNormalization", name: "first", epsilon: 0.01 },
      {
        kind: "lstm",
        name: "lstm",
        units,
        activation: "elu",
        recurrentActivation: "sigmoid",
        returnSequences: false,
      },
      { kind: "layerNormalization", name: "vector", epsilon: 0.1 },
    ],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: 5,
        reversed: false,
        layers: [
          { kind: "repeatVector", name: "repeat", times: 5 },
          { kind: "layerNormalization", name: "repeated", epsilon: 0.1 },
          { kind: "timeDistributedDense", name: "dense", units: features, activation: "elu" },
          { kind: "layerNormalization", name: "last", epsilon: 0.1 },
        ],
      },
    ],
  };
}

const NETWORKS = [1, 3, 8, 17].flatMap((features) => [1, 4, 13].map((units) => networkOf(features, units)));

test("answers are the same", async () => {
  const { wide, narrow } = await wideAndNarrow("inference", (kernels) =>
    answersOf(kernels, NETWORKS, [1, 3, 8, 37]),
  );
  assert.ok(
    narrow.length > 0 && narrow.every(({ heads }) => heads.every((head) => head.every(Number.isFinite))),
  );
  assert.deepEqual(wide, narrow);
});

test("a trainer refuses the layer by name, and says what can be done", async () => {
  const network = networkOf(3, 4);
  await assert.rejects(
    createTrainer(network, someWeights(network, 1), { loss: "mse", seed: 1, threads: 1 }),
    (error) =>
      error instanceof InputError &&
      /^Layer "first" is a LayerNormalization, which has no training here: .*import it again\.$/.test(
        error.message,
      ),
  );
});
