/** Networks with a linear path: built, checked, written as model files and read back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { describeNetwork, readLayersModel } from "../../src/network/layers-model.js";
import { type Network, residualNetwork, validateNetwork, weightShapes } from "../../src/network/network.js";
import { isExpressibleInTfjs } from "../../src/network/topology-writer.js";
import { initialWeights } from "../../src/network/weights.js";
import { someWeights } from "../engine/network-arbitrary.js";
import { anyOptions } from "./any-options.js";
import { assertReadOrRefused, type ModelJson, write } from "./written-model.js";

const base: ArchitectureOptions = {
  family: "reconstruction",
  timesteps: 4,
  features: 3,
  units: [5, 2],
  activation: "tanh",
  linearPath: 2,
};

function writeAny(network: Network): ReturnType<typeof write> {
  return write(network, someWeights(network, 1));
}

test("the weights are those of g and two dense layers over the flattened window", () => {
  const network = buildNetwork(base);
  const plain = buildNetwork({ ...base, linearPath: undefined });
  assert.deepEqual(
    [...weightShapes(network)],
    [
      ...weightShapes(plain),
      ["linear_project/kernel", [12, 2]],
      ["linear_project/bias", [2]],
      ["linear_expand/kernel", [2, 12]],
      ["linear_expand/bias", [12]],
    ],
  );
  assert.deepEqual(
    network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    [
      { name: "reconstruction", start: 0, steps: 4, reversed: false },
      { name: "linear", start: 0, steps: 4, reversed: false },
    ],
  );
});

test("g alone is the network built without the path, and starts from the same weights", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer(), (options, seed) => {
      const network = buildNetwork(options);
      const g = residualNetwork(network);
      assert.deepEqual(g, buildNetwork({ ...options, linearPath: undefined, encoderReads: undefined }));
      const all = initialWeights(network, seed);
      const names = [...weightShapes(g).keys()];
      assert.deepEqual(new Map(names.map((name) => [name, all.get(name)!])), initialWeights(g, seed));
    }),
  );
});

test("refuses options that leave no place for a linear path", () => {
  const refused: [Partial<ArchitectureOptions>, RegExp][] = [
    [{ family: "composite" }, /family composite also predicts/],
    [{ family: "prediction" }, /family prediction also predicts/],
    [{ reverse: true }, /a decoder that is not reversed/],
    [{ linearPath: 0 }, /components of the linear path .* from 1 to 12, not 0/],
    [{ linearPath: 13 }, /from 1 to 12, not 13/],
    [{ linearPath: 1.5 }, /not 1.5/],
  ];
  for (const [change, sentence] of refused) {
    assert.throws(
      () => buildNetwork({ ...base, ...change }),
      (error) => error instanceof InputError && sentence.test(error.message),
      String(sentence),
    );
  }
});

test("refuses a network that its linear path does not fit", () => {
  const network = buildNetwork(base);
  const [reconstruction, linear] = network.heads as [Network["heads"][0], Network["heads"][0]];
  const { linearPath: _, ...pathless } = network;
  const tanh = { kind: "dense", units: 5, activation: "tanh" } as const;
  const refused: [Network, RegExp][] = [
    [pathless, /Head "linear" needs a linear path/],
    [{ ...network, timesteps: 5 }, /reads 4 of 5 rows/],
    [{ ...network, heads: [reconstruction] }, /the heads reconstruction and linear, in this order/],
    [{ ...network, heads: [linear, reconstruction] }, /in this order/],
    [{ ...network, heads: [{ ...reconstruction, reversed: true }, linear] }, /"reconstruction" is reversed/],
    [{ ...network, heads: [reconstruction, { ...linear, reversed: true }] }, /"linear" is reversed/],
    [{ ...network, heads: [reconstruction, { ...linear, start: 1 }] }, /"linear" has to answer for all rows/],
    [
      { ...network, heads: [reconstruction, { ...linear, layers: reconstruction.layers }] },
      /no layers of its own/,
    ],
    [{ ...network, linearPath: { name: "linear", components: 99 } }, /from 1 to 12, not 99/],
    ...["linear_flatten", "linear_project", "linear_negated", "linear_residual", "linear_reconstruction"].map(
      (name): [Network, RegExp] => [
        { ...network, encoder: [...network.encoder, { ...tanh, name }], heads: network.heads },
        new RegExp(`Two layers are named "${name}"`),
      ],
    ),
  ];
  for (const [wrong, sentence] of refused) {
    assert.throws(
      () => validateNetwork(wrong),
      (error) => error instanceof InputError && sentence.test(error.message),
      String(sentence),
    );
  }
});

test("what is written reads back as the same network and the same bits, of every family", () => {
  const families = ["reconstruction", "dense", "stacked", "denoising"] as const;
  for (const options of families.flatMap((family) => [
    { family },
    { family, encoderReads: "window" as const },
  ])) {
    const network = buildNetwork({ ...base, ...options });
    const weights = someWeights(network, 4);
    const { modelJson, weightsBin } = write(network, weights);
    const back = readLayersModel(modelJson, weightsBin, describeNetwork(network));
    assert.deepEqual(back.network, network);
    assert.deepEqual(new Map(back.weights), new Map(weights));
    assert.equal(isExpressibleInTfjs(network), true);
  }
});

test("the negated copy has to stay the negative", () => {
  const network = buildNetwork(base);
  const { modelJson, weightsBin } = writeAny(network);
  let at = 0;
  for (const { name, shape } of modelJson.weightsManifest[0]!.weights) {
    const damaged = weightsBin.slice();
    damaged[at]! ^= 1;
    at += 4 * shape.reduce((a, b) => a * b, 1);
    const part = /^linear_(expand|negated)(\/.*)$/.exec(name)?.[2];
    const read = () => readLayersModel(modelJson, damaged, describeNetwork(network));
    if (part === undefined) read();
    else {
      const sentence = new RegExp(`"linear_negated${part}" is not the negative of "linear_expand${part}"`);
      assert.throws(read, sentence, name);
    }
  }
});

const layer = (model: ModelJson, name: string) =>
  model.modelTopology.config.layers.find((each) => each.name === name)!;
const reads = (...names: string[]): object => ({ inbound_nodes: [names.map((name) => [name, 0, 0, {}])] });

const damages: [string, (model: ModelJson) => unknown, RegExp][] = [
  [
    "a residual of another value",
    (m) => Object.assign(layer(m, "linear_residual"), reads("linear_window", "linear_negated_window")),
    /"linear_residual" has to add "window" and one other layer/,
  ],
  [
    "an addition of three values",
    (m) => Object.assign(layer(m, "linear_residual"), reads("window", "window", "window")),
    /"linear_residual" has to read two other layers/,
  ],
  [
    "a residual that is no sum with -Px",
    (m) => Object.assign(layer(m, "linear_residual"), reads("window", "linear_window")),
    /"linear_expand" is not what a linear path has in its place/,
  ],
  [
    "an activation in the path",
    (m) => Object.assign(layer(m, "linear_project").config, { activation: "tanh" }),
    /"linear_project" is not what a linear path has in its place/,
  ],
  [
    "another activation of the copy",
    (m) => Object.assign(layer(m, "linear_negated").config, { activation: "relu" }),
    /"linear_negated" is not what a linear path has in its place/,
  ],
  [
    "a g that reads the window itself",
    (m) => Object.assign(layer(m, "encoder_1"), reads("window")),
    /"reconstruction_output" reads "window" and not "linear_residual"/,
  ],
  [
    "an addition within g",
    (m) => Object.assign(layer(m, "encoder_1"), { class_name: "Add" }, reads("linear_residual", "window")),
    /"encoder_1" adds two layers in a place where no linear path does/,
  ],
  [
    "outputs in another order",
    (m) => void m.modelTopology.config.output_layers.reverse(),
    /"linear_reconstruction" adds two layers in a place/,
  ],
  [
    "the reconstruction alone",
    (m) => void m.modelTopology.config.output_layers.pop(),
    /"linear_reconstruction" adds two layers in a place/,
  ],
];
for (const [what, damage, sentence] of damages) {
  test(`refuses ${what}`, () => {
    const network = buildNetwork(base);
    const { modelJson, weightsBin } = writeAny(network);
    damage(modelJson);
    assert.throws(
      () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
      (error) => error instanceof InputError && sentence.test(error.message),
    );
  });
}

test("where g reads the window, the file has no copy of a weight, and its one addition is the reconstruction", () => {
  const network = buildNetwork({ ...base, encoderReads: "window" });
  const { modelJson, weightsBin } = writeAny(network);
  const { layers } = modelJson.modelTopology.config;
  assert.deepEqual(
    layers.filter(({ class_name }) => class_name === "Add").map(({ name }) => name),
    ["linear_reconstruction"],
  );
  assert.deepEqual(
    modelJson.weightsManifest[0]!.weights.map(({ name }) => name),
    [...weightShapes(network).keys()],
  );
  Object.assign(layer(modelJson, "encoder_1"), reads("linear_window"));
  assert.throws(
    () => readLayersModel(modelJson, weightsBin, describeNetwork(network)),
    (error) => error instanceof InputError,
  );
});

test("any one value of model.json may be replaced by anything: it reads, or says why not", () => {
  const network = buildNetwork(base);
  const { modelJson } = writeAny(network);
  const names = modelJson.modelTopology.config.layers.map(({ name }) => name);
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(...names, "Add", "Dense"));
  assertReadOrRefused(network, someWeights(network, 1), anything, {
    numRuns: 1_000,
    check: ({ linearPath }) => assert.deepEqual(linearPath, network.linearPath),
  });
});
