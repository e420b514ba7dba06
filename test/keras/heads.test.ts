/** What an output is taken for, and where a chain of layers is cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseHeads, headChoices } from "../../src/keras/heads.js";
import { familyOf, importModel } from "../../src/keras/import-model.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";
import { embeddingUnits } from "../../src/network/network.js";
import { modelFile } from "./keras-cases.js";

const reconstruction = { name: "reconstruction", start: 0, steps: 8, reversed: false };
const shifted = { name: "prediction", start: 1, steps: 7, reversed: false };

test("outputs are taken for what their rows and names say", () => {
  const heads = (...outputs: [name: string, steps: number][]) =>
    chooseHeads(
      outputs.map(([name, steps]) => ({ name, steps })),
      8,
      undefined,
    );
  assert.deepEqual(heads(["a", 8]).heads, [reconstruction]);
  assert.deepEqual(heads(["a", 7]).heads, [shifted]);
  assert.deepEqual(heads(["a", 8], ["b", 7]).heads, [reconstruction, shifted]);
  assert.deepEqual(heads(["b", 7], ["a", 8]).heads, [shifted, reconstruction]);
  const horizon = { name: "prediction", start: 8, steps: 3, reversed: false };
  assert.deepEqual(heads(["a", 3]), {
    heads: [horizon],
    timesteps: 11,
    notes: [
      'Output "a" is taken for a prediction of the 3 rows after the 8 that it reads (--heads says otherwise).',
    ],
  });
  assert.deepEqual(
    heads(["forecast", 8], ["decoded", 8]).heads.map(({ name }) => name),
    ["prediction", "reconstruction"],
  );
  assert.deepEqual(heads(["a", 8], ["b", 8]).heads[1], {
    name: "prediction",
    start: 8,
    steps: 8,
    reversed: false,
  });
});

test("--heads says what outputs are, and is refused where they cannot be that", () => {
  const choose = (steps: number, text: string) => chooseHeads([{ name: "a", steps }], 8, headChoices(text));
  assert.deepEqual(choose(8, "reversed").heads, [{ ...reconstruction, reversed: true }]);
  assert.deepEqual(choose(7, "horizon").heads, [{ ...shifted, start: 8 }]);
  assert.equal(choose(8, "prediction").timesteps, 16);
  assert.throws(() => choose(7, "reconstruction"), /has 7 rows, so it is no reconstruction of windows of 8/);
  assert.throws(() => choose(8, "reconstruction,prediction"), /names 2 outputs, and the model has 1/);
  assert.throws(() => headChoices("forecast"), /list of reconstruction, reversed, prediction, horizon/);
  const both = [
    { name: "a", steps: 8 },
    { name: "b", steps: 8 },
  ];
  assert.throws(() => chooseHeads(both, 8, headChoices("reconstruction,reversed")), /Both outputs would be/);
});

const CUTS: readonly [name: string, features: number, embedding: number, family: string][] = [
  ["gru", 3, 6, "reconstruction"],
  ["two-outputs", 3, 5, "composite"],
  ["dense", 3, 3, "dense"],
  ["dense-window", 3, 4, "dense"],
  ["forecaster", 2, 4, "prediction"],
  // Sequences alone: six rows of the narrowest layer's two units.
  ["sequences", 2, 12, "reconstruction"],
  ["branches-on-sequence", 2, 24, "composite"],
];
for (const [name, features, embedding, family] of CUTS) {
  test(`the embedding of ${name} has ${embedding} numbers, and its family is ${family}`, async () => {
    const file = await readKerasFile(modelFile("keras-3", name, "keras"));
    const { network } = importModel(file, { features });
    assert.equal(embeddingUnits(network), embedding);
    assert.equal(familyOf(network), family);
  });
}

test("normalisations and slopes add no layer where a neighbour takes them in", async () => {
  const file = await readKerasFile(modelFile("keras-3", "normalised", "keras"));
  const { network } = importModel(file, { features: 3 });
  const kinds = [...network.encoder, ...network.heads[0]!.layers].map(({ kind }) => kind);
  const dense = kinds.filter((kind) => kind === "timeDistributedDense" || kind === "dense");
  // Two for the rectifier with a slope, one behind the encoder, and the two dense layers of the model.
  assert.equal(dense.length, 5, kinds.join());
});
