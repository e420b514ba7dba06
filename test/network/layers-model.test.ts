import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel } from "../../src/network/layers-model.js";
import { initialWeights } from "../../src/network/weights.js";
import { anyOptions } from "./any-options.js";
import { assertReadOrRefused, assertRefused, COMPOSITE, write } from "./written-model.js";

test("what is written reads back as the same network and the same bits", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), (options, seed) => {
      const network = buildNetwork(options);
      const weights = initialWeights(network, seed);
      const { modelJson, weightsBin } = write(network, weights);
      const back = readLayersModel(modelJson, weightsBin, describeNetwork(network));
      assert.deepEqual(back.network, network);
      assert.deepEqual(new Map(back.weights), new Map(weights));
    }),
  );
});

test("a tied kernel is written twice and has to stay the transpose", () => {
  const network = buildNetwork({ ...COMPOSITE, family: "stacked" });
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const names = modelJson.weightsManifest[0]!.weights.map(({ name }) => name);
  assert.ok(names.includes("encoder_1/kernel") && names.includes("reconstruction_output/kernel"));
  const damaged = weightsBin.slice();
  damaged[0]! ^= 1;
  assert.throws(
    () => readLayersModel(modelJson, damaged, describeNetwork(network)),
    /"reconstruction_output\/kernel" is not the transpose of "encoder_1\/kernel"/,
  );
});

test("refuses another format", () => {
  assertRefused([
    "another format",
    (m) => Object.assign(m, { format: "graph-model" }),
    /format of model.json/,
  ]);
});

test("refuses a description that does not fit", () => {
  const network = buildNetwork(COMPOSITE);
  const { modelJson, weightsBin } = write(network, initialWeights(network, 1));
  const description = describeNetwork(network);
  const read = (change: Partial<typeof description>) => () =>
    readLayersModel(modelJson, weightsBin, { ...description, ...change });
  assert.throws(read({ embeddingLayer: "elsewhere" }), /no embedding layer "elsewhere"/);
  assert.throws(read({ embeddingLayer: "encoder_1" }), /Embedding layer "encoder_1" gives \[6, 8\]/);
  assert.throws(read({ heads: description.heads.slice(0, 1) }), /2 outputs for 1 heads/);
  assert.throws(
    read({ ties: [{ kernel: "encoder_1/bias", transposeOf: "encoder_2/bias" }] }),
    /is not the transpose/,
  );
  assert.throws(read({ ties: [{ kernel: "a/kernel", transposeOf: "b/kernel" }] }), /does not have both/);
});

test("any one value of model.json may be replaced by anything: it reads, or says why not", () => {
  const network = buildNetwork({ ...COMPOSITE, family: "stacked" });
  assertReadOrRefused(network, initialWeights(network, 1), fc.jsonValue(), { numRuns: 500 });
});
