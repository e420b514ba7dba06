/** An imported model gives Keras's numbers: |a - b| <= 1e-5 max(1, |b|), by both engines, from files of both forms. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { graphOutputs, lowerNetwork } from "../../src/engine/tensorflow/graph.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { type ImportedModel, importModel } from "../../src/keras/import-model.js";
import { readKerasFile } from "../../src/keras/read-keras-file.js";
import { GOLDEN_CASES, readGoldenCase } from "../engine/golden.js";
import { interpret } from "../engine/tensorflow/graph-interpreter.js";
import { FORMS, fileOf, goldenBytes, MODELS, modelFile, readCase, VERSIONS } from "./keras-cases.js";

const TOLERANCE = 1e-5;

const engine = await createWasmEngine({ threads: 1 });
after(() => engine.close());

/** Runs windows through both engines and compares each number of each head with Keras's. */
async function assertKerasNumbers(
  { network, weights }: ImportedModel,
  read: ArrayLike<number>,
  count: number,
  outputs: readonly ArrayLike<number>[],
): Promise<void> {
  const { timesteps, inputSteps, features } = network;
  // The rows that a forecaster predicts are not read.
  const windows = new Float32Array(count * timesteps * features);
  const size = inputSteps * features;
  for (let n = 0; n < count; n++) {
    windows.set(Array.from(read).slice(n * size, (n + 1) * size), n * timesteps * features);
  }
  const executable = await engine.compile(network, weights);
  const { heads } = await executable.run(windows, count);
  await executable.close();
  const graph = lowerNetwork(network, weights, { compiled: { blockSteps: 3 }, plain: { blockSteps: 1 } });
  const value = { shape: [count, timesteps, features], data: Array.from(windows) };
  const names = graphOutputs(network).map(({ name }) => name);
  const interpreted = interpret(graph, value, "compiled", names).outputs;
  assert.equal(heads.length, outputs.length);
  outputs.forEach((wanted, head) => {
    assertNear(heads[head]!, wanted, `wasm, output ${head}`);
    assertNear(interpreted.get(`head_${head}`)!.data, wanted, `graph, output ${head}`);
  });
}

function assertNear(got: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(got.length, wanted.length, what);
  for (let n = 0; n < wanted.length; n++) {
    const error = Math.abs(got[n]! - wanted[n]!) / Math.max(1, Math.abs(wanted[n]!));
    assert.ok(error <= TOLERANCE, `${what}, number ${n}: ${got[n]} instead of ${wanted[n]}`);
  }
}

for (const version of VERSIONS) {
  for (const [name, features] of Object.entries(MODELS)) {
    for (const form of FORMS) {
      test(`${name}.${form} of ${version} answers as Keras does`, async () => {
        const { windows, outputs } = readCase(version, name);
        const file = await readKerasFile(modelFile(version, name, form));
        const imported = importModel(file, { features });
        const wanted = outputs.map(({ data }) => data);
        await assertKerasNumbers(imported, windows.data, windows.shape[0]!, wanted);
      });
    }
  }
}

for (const name of GOLDEN_CASES.filter((each) => each !== "gru")) {
  test(`${name}.h5 is the golden network, and answers as Keras does`, async () => {
    const golden = readGoldenCase(name);
    const file = await readKerasFile(fileOf(goldenBytes(name), "h5"));
    const imported = importModel(file, { features: golden.network.features });
    const { network, weights } = imported;
    assert.deepEqual(
      network.heads.map(({ layers: _, ...head }) => head),
      golden.network.heads.map(({ layers: _, ...head }) => head),
    );
    assert.deepEqual([...weights.keys()].sort(), [...golden.weights.keys()].sort());
    await assertKerasNumbers(imported, golden.windows, golden.count, golden.outputs);
  });
}
