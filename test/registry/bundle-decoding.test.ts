/** A large bundle is decoded and compiled beside the event loop, with the result of a small one. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { weightShapes } from "../../src/network/network.js";
import { readBundle } from "../../src/registry/bundle.js";
import { recordGolden } from "../../src/registry/golden.js";
import { loadModel } from "../../src/registry/served-model.js";
import { watchLoop } from "../walls/loop-watch.js";
import { assertRefused, editManifest, published, rewrite } from "./altered-bundle.js";
import { makeContents, renameInto, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

test("a bundle of 14 MB holds the event loop for milliseconds, and is what was published", async (t) => {
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const network = buildNetwork({
    family: "reconstruction",
    timesteps: 4,
    features: 2,
    units: [512],
    activation: "tanh",
  });
  const weights = new Map(
    [...weightShapes(network)].map(([name, shape], at) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      return [name, { shape, data: data.map((_, i) => Math.sin(i + at) / 100) }];
    }),
  );
  const executable = await engine.compile(network, weights);
  const windows = Float32Array.from({ length: 100 * 8 }, (_, i) => Math.sin(i));
  const golden = await recordGolden(executable, windows, 100);
  await executable.close();
  const sampleBody = { series: Array.from({ length: 100_000 }, (_, i) => [20 + (i % 7) / 8, 1e5]) };
  const contents = { ...(await makeContents(new ReferenceEngine())), network, weights, golden, sampleBody };
  const models = await temporaryFolder(t);
  await renameInto(models, "large", 1, contents);

  const loop = watchLoop();
  const bundle = await readBundle(join(models, "large", "1"));
  const model = await loadModel(bundle, engine);
  const { longestMs } = loop.end();
  await model.executable.close();
  assert.ok(longestMs <= 50, `a turn took ${longestMs} ms`);
  assert.deepEqual(bundle.network, network);
  assert.deepEqual(bundle.golden, golden);
  assert.deepEqual(bundle.weights, weights);
  assert.deepEqual(JSON.parse(Buffer.from(bundle.sample).toString()), sampleBody);
});

test("a large golden.json or sample.json is refused with the sentences of a small one", async (t) => {
  const zeros = "0,".repeat(200_000);
  for (const [file, text, sentence] of [
    [
      "golden.json",
      `{"count":2,"windows":[${zeros}0]}`,
      /^windows of golden\.json has 200001 values, not 2 x 8/,
    ],
    ["golden.json", `{"windows":[${zeros}`, /^golden\.json is not JSON/],
    ["golden.json", `[${zeros}0]`, /^golden\.json has to be an object, not an array\.$/],
    [
      "sample.json",
      `{"series":[${"[0,0],".repeat(100_000)}[0]]}`,
      /^series of sample\.json has a row that is not 2/,
    ],
  ] as const) {
    const folder = await published(t);
    await rewrite(folder, file, () => Buffer.from(text));
    await assertRefused(folder, sentence);
  }
});

test("a manifest of more values than any model has is refused before it is parsed", async (t) => {
  const folder = await published(t);
  await editManifest(folder, (manifest) =>
    Object.assign(manifest.training, { notes: Array(320_000).fill(0) }),
  );
  await assertRefused(folder, /^manifest\.json has more than 300,000 values\.$/);
  await writeFile(join(folder, "manifest.json"), `${"{},".repeat(1_300_000)}`);
  const loop = watchLoop();
  await assertRefused(folder, /^manifest\.json has more than 300,000 values\.$/);
  assert.ok(loop.end().longestMs <= 50);
});
