import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { type ArchitectureOptions, buildNetwork, isRecurrent } from "../../src/network/architectures.js";
import { embeddingUnits, validateNetwork, weightShapes } from "../../src/network/network.js";
import { anyOptions } from "./any-options.js";

const base: ArchitectureOptions = {
  family: "reconstruction",
  timesteps: 9,
  features: 3,
  units: [64, 16],
  activation: "tanh",
};

test("LSTM families mirror the encoder's units in each decoder", () => {
  const network = buildNetwork({ ...base, family: "composite" });
  assert.deepEqual(
    network.encoder.map((layer) => layer.kind === "lstm" && [layer.units, layer.returnSequences]),
    [
      [64, true],
      [16, false],
    ],
  );
  const [reconstruction, prediction] = network.heads;
  assert.deepEqual(
    reconstruction?.layers.map((layer) => [layer.kind, "units" in layer && layer.units]),
    [
      ["repeatVector", false],
      ["lstm", 16],
      ["lstm", 64],
      ["timeDistributedDense", 3],
    ],
  );
  assert.deepEqual(
    [reconstruction?.start, reconstruction?.steps, prediction?.start, prediction?.steps],
    [0, 9, 1, 8],
  );
});

test("with a horizon the window grows by it and the prediction head answers for it", () => {
  const network = buildNetwork({ ...base, family: "composite", horizon: 4, reverse: true });
  assert.equal(network.timesteps, 13);
  assert.equal(network.inputSteps, 9);
  assert.deepEqual(
    network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed })),
    [
      { name: "reconstruction", start: 0, steps: 9, reversed: true },
      { name: "prediction", start: 9, steps: 4, reversed: false },
    ],
  );
});

test("dense families flatten the window; stacked ones tie each decoder kernel to the layer it mirrors", () => {
  const network = buildNetwork({ ...base, family: "stacked", activation: "relu" });
  const layers = [...network.encoder, ...network.heads[0]!.layers];
  assert.deepEqual(
    layers.map((layer) => [
      layer.name,
      "units" in layer ? layer.units : 0,
      "tiedTo" in layer ? layer.tiedTo : "",
    ]),
    [
      ["flatten", 0, ""],
      ["encoder_1", 64, ""],
      ["encoder_2", 16, ""],
      ["reconstruction_1", 64, "encoder_2"],
      ["reconstruction_output", 27, "encoder_1"],
      ["reconstruction_window", 0, ""],
    ],
  );
  const free = buildNetwork({ ...base, family: "denoising" });
  assert.ok([...weightShapes(free).keys()].includes("reconstruction_output/kernel"));
  assert.ok(![...weightShapes(network).keys()].includes("reconstruction_output/kernel"));
});

test("every combination of options gives a valid network with an embedding of the last units", () => {
  fc.assert(
    fc.property(anyOptions, (options) => {
      const network = buildNetwork(options);
      validateNetwork(network);
      assert.equal(embeddingUnits(network), options.units.at(-1));
      assert.equal(network.timesteps, options.timesteps + (options.horizon ?? 0));
      assert.equal(
        network.encoder.some((layer) => layer.kind === "dropout"),
        options.dropout === 0.2,
      );
      assert.equal(
        network.encoder.some((layer) => layer.kind === (options.cell ?? "lstm")),
        isRecurrent(options.family),
      );
    }),
  );
});

const refused: [Partial<ArchitectureOptions>, RegExp][] = [
  [{ family: "reconstruction", horizon: 3 }, /horizon needs a prediction head.*not reconstruction/],
  [{ family: "dense", horizon: 3 }, /horizon needs a prediction head.*not dense/],
  [{ family: "prediction", horizon: 0 }, /horizon has to be .* not 0/],
  [{ family: "prediction", timesteps: 1 }, /prediction without a horizon needs timesteps of at least 2/],
  [{ family: "prediction", reverse: true }, /Reverse needs a recurrent reconstruction decoder/],
  [{ family: "stacked", reverse: true }, /Reverse needs .* not stacked/],
  [{ family: "dense", cell: "gru" }, /Cell gru needs recurrent layers.*not dense/],
  [{ units: [] }, /at least one layer/],
  [{ units: [16, 0] }, /units has to be .* not 0/],
  [{ units: [1.5] }, /units has to be .* not 1.5/],
  [{ units: [20_000_000] }, /units of "encoder_1"/],
  [{ timesteps: 0 }, /timesteps has to be .* not 0/],
  [{ features: Number.NaN }, /features has to be .* not NaN/],
  [{ dropout: 1 }, /dropout has to be in \[0, 1\), not 1/],
  [{ units: [9_000] }, /parameters; the most is/],
];
for (const [options, sentence] of refused) {
  test(`refuses ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => buildNetwork({ ...base, ...options }),
      (error: unknown) => error instanceof InputError && sentence.test(error.message),
    );
  });
}
