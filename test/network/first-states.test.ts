/** Layers that start from the states of others: written and read back, checked, and not trained. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTrainer } from "../../src/engine/wasm/training/trainer.js";
import { InputError } from "../../src/errors.js";
import { describeNetwork, readLayersModel, writeLayersModel } from "../../src/network/layers-model.js";
import { type LstmLayer, type Network, validateNetwork } from "../../src/network/network.js";
import { someWeights } from "../engine/network-arbitrary.js";

function lstm(name: string, settings: Partial<LstmLayer> = {}): LstmLayer {
  const plain = {
    units: 3,
    activation: "tanh",
    recurrentActivation: "sigmoid",
    returnSequences: true,
  } as const;
  return { kind: "lstm", name, ...plain, ...settings };
}

/** An encoder of two layers, and a decoder of the given ones. */
function networkOf(...decoder: LstmLayer[]): Network {
  return {
    timesteps: 4,
    inputSteps: 4,
    features: 2,
    encoder: [lstm("first"), lstm("second", { returnSequences: false })],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: 4,
        reversed: false,
        layers: [
          { kind: "repeatVector", name: "repeat", times: 4 },
          ...decoder,
          { kind: "timeDistributedDense", name: "dense", units: 2, activation: "linear" },
        ],
      },
    ],
  };
}

const NETWORK = networkOf(lstm("third", { startsFrom: "first" }), lstm("fourth", { startsFrom: "second" }));

test("what is written reads back as the same network", () => {
  const weights = someWeights(NETWORK, 1);
  const { modelJson, weightsBin } = writeLayersModel(NETWORK, weights);
  const back = readLayersModel(JSON.parse(JSON.stringify(modelJson)), weightsBin, describeNetwork(NETWORK));
  assert.deepEqual(back.network, NETWORK);
});

const REFUSED: readonly [what: string, network: Network, pattern: RegExp][] = [
  [
    "itself",
    networkOf(lstm("a", { startsFrom: "a" })),
    /"a" starts from the state of "a", which is not an earlier/,
  ],
  [
    "a later layer",
    networkOf(lstm("a", { startsFrom: "b" }), lstm("b")),
    /"a" starts from the state of "b", which/,
  ],
  [
    "no recurrent layer",
    networkOf(lstm("a", { startsFrom: "repeat" })),
    /"repeat", which is not an earlier recurrent/,
  ],
  [
    "a layer of other units",
    networkOf(lstm("a", { startsFrom: "first", units: 4 })),
    /"a" \(lstm, 4 units\) starts from the state of "first" \(lstm, 3 units\); both/,
  ],
];

for (const [what, network, pattern] of REFUSED) {
  test(`a layer that starts from the state of ${what} is refused`, () => {
    assert.throws(() => validateNetwork(network), pattern);
  });
}

test("a trainer refuses the layer by name, and says what can be done", async () => {
  await assert.rejects(
    createTrainer(NETWORK, someWeights(NETWORK, 1), { loss: "mse", seed: 1, threads: 1 }),
    (error) =>
      error instanceof InputError &&
      /^Layer "third" starts from the state of another layer, which has no training here: .*import it again\.$/.test(
        error.message,
      ),
  );
});
