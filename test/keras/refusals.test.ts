/** What cannot be imported is refused by the name of its layer, with what can be done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { KERAS_CLASSES } from "../../src/keras/layers.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";
import type { StoredModel } from "../../src/keras/stored-model.js";
import { fileOf, goldenBytes, modelBytes, modelFile } from "./keras-cases.js";
import { assertRefused, sequential, zeros } from "./made-models.js";

const LSTM_3 = { "lstm/cell": [zeros(2, 12), zeros(3, 12), zeros(12)] };
const GRU_3 = { "gru/cell": [zeros(2, 9), zeros(3, 9), zeros(9)] };

for (const className of ["Lambda", "Masking", "Softmax", "PReLU", "Concatenate", "Wavelet"]) {
  test(`a layer of class ${className} is refused by name`, () => {
    assertRefused(
      sequential([[className, {}]]),
      new RegExp(`^Layer "layer_0" is a ${className}, which cannot be imported: .{20,}\\.$`),
    );
  });
}

test("a class that Keras does not have is answered with those that can be imported", () => {
  assertRefused(sequential([["Wavelet", {}]]), new RegExp(KERAS_CLASSES.join(", ")));
  assertRefused(sequential([["constructor", {}]]), /Layer "layer_0" is a constructor/);
});

const SETTINGS: readonly [what: string, model: StoredModel, pattern: RegExp][] = [
  [
    "an activation that the engines lack",
    sequential([["LSTM", { units: 3, activation: "selu" }]], LSTM_3),
    /The activation "selu" of layer "layer_0" \(LSTM\) cannot be imported; linear, relu/,
  ],
  [
    "gates that are no sigmoid",
    sequential([["LSTM", { units: 3, activation: "tanh", recurrent_activation: "tanh" }]], LSTM_3),
    /recurrent_activation "tanh" of layer "layer_0"/,
  ],
  [
    "a GRU that resets before the product",
    sequential([["GRU", { units: 3, activation: "tanh", reset_after: false }]], GRU_3),
    /Layer "layer_0" is a GRU, which cannot be imported: it has reset_after=False/,
  ],
  ["state between windows", sequential([["LSTM", { units: 3, stateful: true }]], LSTM_3), /it is stateful/],
  [
    "groups of a convolution",
    sequential([["Conv1D", { filters: 2, kernel_size: [1], groups: 2 }]], {
      conv1d: [zeros(1, 1, 2), zeros(2)],
    }),
    /Layer "layer_0" is a Conv1D, which cannot be imported: it has groups/,
  ],
  [
    "kernels of another shape",
    sequential([["Dense", { units: 4 }]], { dense: [zeros(3, 4), zeros(4)] }),
    /The kernel of layer "layer_0" \(Dense\) is of shape \[3, 4\]; it has to be \[2, 4\]/,
  ],
  [
    "weights that are missing",
    sequential([["Dense", { units: 4 }]], { dense: [zeros(2, 4)] }),
    /Layer "layer_0" \(Dense\) has 2 tensors of weights; the file has 1 for it/,
  ],
  [
    "an output of some features alone",
    sequential([["Dense", { units: 1 }]], { dense: [zeros(2, 1), zeros(1)] }),
    /Output "layer_0" gives \[5, 1\], and the data have 2 features/,
  ],
  [
    "weights that are no numbers",
    sequential([["Dense", { units: 2 }]], {
      dense: [zeros(2, 2), { shape: [2], data: Float32Array.of(0, Number.NaN) }],
    }),
    /Weight "layer_0\/bias" holds NaN/,
  ],
  [
    "a layer within that has time",
    sequential([["TimeDistributed", { layer: { class_name: "LSTM", config: {} } }]]),
    /Layer "layer_0" is a TimeDistributed.*the layer within is a LSTM, and it can be one of Dense/,
  ],
];

for (const [what, model, pattern] of SETTINGS) test(`${what}: refused`, () => assertRefused(model, pattern));

test("a matrix that would be too large is refused with its size", () => {
  const model = sequential([
    ["UpSampling1D", { size: 1000 }],
    ["UpSampling1D", { size: 2 }],
  ]);
  assertRefused(
    model,
    /Layer "layer_1" \(UpSampling1D\) would be imported as a matrix of 10000 x 20000 numbers/,
  );
});

test("data with other features are refused with both counts", async () => {
  const model = await readKerasFile(modelFile("keras-3", "gru", "keras"));
  assertRefused(model, /The model reads 3 features, and the data have 2/);
  const flat = await readKerasFile(modelFile("keras-3", "dense", "h5"));
  assertRefused(flat, /The model reads 12 values, which are not whole rows of the data's 5 features/, 5);
});

test("a layer that is used twice, a subclassed model and two inputs are refused", () => {
  const model = sequential([]);
  const of = (layers: unknown[], inputs: unknown[] = [["in", 0, 0]]): StoredModel => ({
    ...model,
    config: JSON.stringify({
      class_name: "Functional",
      config: { layers, input_layers: inputs, output_layers: [["d", 0, 0]] },
    }),
  });
  const input = {
    class_name: "InputLayer",
    name: "in",
    config: { name: "in", batch_shape: [null, 5, 2] },
    inbound_nodes: [],
  };
  const from = (name: string) => [[name, 0, 0, {}]];
  const dense = (nodes: unknown[]) => ({
    class_name: "Dense",
    name: "d",
    config: { name: "d", units: 2 },
    inbound_nodes: nodes,
  });
  assertRefused(of([input, dense([from("in"), from("d")])]), /Layer "d" is used 2 times/);
  assertRefused(
    of(
      [input],
      [
        ["in", 0, 0],
        ["b", 0, 0],
      ],
    ),
    /2 inputs; an autoencoder has one/,
  );
  assertRefused({ ...model, config: '{"class_name": "MyModel"}' }, /"MyModel".*subclassed ones cannot/);
  assertRefused({ ...model, config: "{" }, /configuration is not JSON/);
});

test("a model with Masking, as Keras saved it, is refused by the name of the layer", async () => {
  const model = await readKerasFile(modelFile("keras-3", "masked", "keras"));
  assertRefused(model, /^Layer "mask" is a Masking.*save the model without it\.$/);
});

test("files that are no whole model are refused with the file's name", async () => {
  const refusal = async (file: string): Promise<string> => {
    const error = await readKerasFile(file).then(
      () => assert.fail("it was read"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof InputError, String(error));
    assert.ok(error.message.includes(file), error.message);
    return error.message;
  };
  assert.match(await refusal("/nowhere/model.keras"), /There is no file/);
  assert.match(await refusal(process.cwd()), /SavedModel cannot be imported.*model\.save/);
  assert.match(
    await refusal(fileOf(Buffer.from("weights"), "h5")),
    /neither a \.keras file.*nor a \.h5 file/,
  );
  const noModel = modelBytes("keras-3", "dense", "h5")
    .toString("latin1")
    .replace("model_config", "model_confi_");
  assert.match(await refusal(fileOf(Buffer.from(noModel, "latin1"), "h5")), /weights and no model/);
});

test("a reader that takes too long, or too much memory, is ended", async () => {
  const file = modelFile("keras-3", "gru", "keras");
  await assert.rejects(readKerasFile(file, { timeoutMs: 1 }), /took more than 0.001 seconds/);
  const large = fileOf(goldenBytes("ramp-composite"), "h5");
  await assert.rejects(readKerasFile(large, { heapMb: 6 }), /takes too much memory/);
});
