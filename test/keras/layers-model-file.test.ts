/** Layers models that tfjs-layers saved: imported, they give its numbers; whatever is wrong with the files is said. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { importModel } from "../../src/keras/import-model.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");
const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-tfjs-"));
});
after(() => rm(folder, { recursive: true }));

const T = 6;
const F = 2;

function sequential(): layers.LayersModel {
  const model = layers.sequential();
  model.add(layers.layers.lstm({ recurrentInitializer: "glorotUniform", units: 5, inputShape: [T, F] }));
  model.add(layers.layers.repeatVector({ n: T }));
  model.add(
    layers.layers.lstm({
      recurrentInitializer: "glorotUniform",
      units: 5,
      returnSequences: true,
      recurrentActivation: "sigmoid",
    }),
  );
  model.add(layers.layers.dropout({ rate: 0.2 }));
  model.add(layers.layers.timeDistributed({ layer: layers.layers.dense({ units: F }) }));
  return model;
}

function functional(): layers.LayersModel {
  const input = layers.input({ shape: [T, F], name: "rows" });
  const both = layers.layers.bidirectional({
    layer: layers.layers.lstm({
      recurrentInitializer: "glorotUniform",
      units: 3,
      returnSequences: true,
    }) as layers.RNN,
    mergeMode: "concat",
  });
  let x = both.apply(input) as layers.SymbolicTensor;
  x = layers.layers
    .conv1d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" })
    .apply(x) as typeof x;
  x = layers.layers.batchNormalization().apply(x) as typeof x;
  x = layers.layers.flatten().apply(x) as typeof x;
  x = layers.layers.dense({ units: T * F, name: "out/last" }).apply(x) as typeof x;
  const output = layers.layers.reshape({ targetShape: [T, F] }).apply(x) as typeof x;
  return layers.model({ inputs: input, outputs: output });
}

/** Writes the files of a model, the weights in two. */
async function save(model: layers.LayersModel): Promise<{ path: string; json: Record<string, unknown> }> {
  const weights = model
    .getWeights()
    .map((weight) => tf.add(weight, tf.mul(0.1, tf.randomNormal(weight.shape, 0, 1, "float32", 7))));
  model.setWeights(weights);
  let json: Record<string, unknown> = {};
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      const bytes = Buffer.from(weightData as ArrayBuffer);
      await writeFile(join(folder, "group1-shard1of2.bin"), bytes.subarray(0, 101));
      await writeFile(join(folder, "group1-shard2of2.bin"), bytes.subarray(101));
      const paths = ["group1-shard1of2.bin", "group1-shard2of2.bin"];
      json = { format: "layers-model", modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    },
  });
  const path = join(folder, "model.json");
  await writeFile(path, JSON.stringify(json));
  return { path, json };
}

for (const [name, build] of Object.entries({ sequential, functional })) {
  test(`a ${name} model gives the numbers of tfjs-layers`, async () => {
    const model = build();
    const { path } = await save(model);
    const { network, weights } = importModel(await readKerasFile(path), { features: F });
    const count = 3;
    const windows = Float32Array.from({ length: count * T * F }, (_, i) => Math.sin(0.7 * i) + 0.3);
    const expected = (model.predict(tf.tensor3d(windows, [count, T, F])) as tf.Tensor).dataSync();
    const executable = await engine.compile(network, weights);
    const { heads } = await executable.run(windows, count);
    await executable.close();
    assert.equal(heads[0]!.length, expected.length);
    for (const [i, value] of expected.entries()) {
      const error = Math.abs(heads[0]![i]! - value) / Math.max(1, Math.abs(value));
      assert.ok(error <= 1e-5, `${i}: ${heads[0]![i]}, not ${value}`);
    }
  });
}

interface ModelJson {
  format: string;
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[];
}

async function refusal(path: string): Promise<string> {
  const error = await readKerasFile(path).then(
    (file) => assert.fail(`it was read: ${file.form}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof InputError, String(error));
  return error.message;
}

test("a weight that is missing, moved, quantized or of nobody is named; no other folder is read", async () => {
  const { path, json } = await save(sequential());
  const written = async (change: (copy: ModelJson) => unknown): Promise<string> => {
    const copy = structuredClone(json) as unknown as ModelJson;
    change(copy);
    await writeFile(path, JSON.stringify(copy));
    return refusal(path);
  };
  const group = (copy: ModelJson) => copy.weightsManifest[0]!;
  assert.match(
    await written((copy) => (group(copy).paths = ["../secret.bin"])),
    /has to lie beside model.json, and "..\/secret.bin" is no name of one/,
  );
  assert.match(await written((copy) => (group(copy).paths = [".."])), /is no name of one/);
  assert.match(await written((copy) => (group(copy).paths = ["none.bin"])), /There is no file .*none.bin/);
  assert.match(await written((copy) => group(copy).weights.pop()), /longer than the weights/);
  assert.match(await written((copy) => (group(copy).weights[0]!.shape = [1e9, 1e9])), /end before those of/);
  assert.match(await written((copy) => (group(copy).weights[0]!.dtype = "uint8")), /has to be plain float32/);
  assert.match(
    await written((copy) => (group(copy).weights[0]!.name = "x/kernel")),
    /"x\/kernel" belongs to no layer/,
  );
  assert.match(
    await written((copy) => (copy.format = "graph-model")),
    /is a graph model, which has no layers/,
  );
});

test("whatever is changed in model.json, it is read or refused in a sentence", async () => {
  const { path, json } = await save(sequential());
  const text = JSON.stringify(json);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: text.length - 1 }),
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom("", "null", "[]", "{}", "-1", '"x"', "1e99"),
      async (at, length, put) => {
        await writeFile(path, text.slice(0, at) + put + text.slice(at + length));
        await readKerasFile(path)
          .then((file) => importModel(file, { features: F }))
          .catch((error: unknown) => {
            assert.ok(error instanceof InputError, String((error as Error).stack));
          });
      },
    ),
    { numRuns: 300 },
  );
});
