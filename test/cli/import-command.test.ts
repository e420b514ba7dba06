/** `residua import` as a user has it: from a file of Keras to a score that is served. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Manifest } from "../../src/registry/manifest.js";
import { modelFile, readCase } from "../keras/keras-cases.js";
import { startServer } from "../server-process.js";
import { createWorkplace, writeWaves } from "./residua-process.js";

async function manifestOf(models: string, name: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(models, name, "1", "manifest.json"), "utf8")) as Manifest;
}

for (const name of ["bidirectional", "convolution"]) {
  test(`${name}: import says what it assumed, and the service answers with Keras's numbers`, async (t) => {
    const { write, residua, models } = await createWorkplace(t);
    const csv = await write("normal.csv", writeWaves(900));
    const file = modelFile("keras-3", name, "keras");
    const imported = await residua(["import", file, "--name", "theirs", "--data", csv, "--scaler", "none"]);
    assert.equal(imported.status, 0, imported.err);
    assert.match(imported.err, /is taken for the reconstruction of the window \(--heads says otherwise\)/);
    assert.match(imported.out, /from: +\S+ \(Keras 3\.15\.1\)/);
    const manifest = await manifestOf(models, "theirs");
    assert.equal(manifest.threshold?.method, "conformal");
    assert.deepEqual(
      manifest.features.map((feature) => feature.name),
      ["sin", "cos"],
    );

    const { windows, outputs } = readCase("keras-3", name);
    const [count, steps, features] = windows.shape as [number, number, number];
    const nested = Array.from({ length: count }, (_, n) =>
      Array.from({ length: steps }, (__, step) => {
        const from = (n * steps + step) * features;
        return windows.data.slice(from, from + features);
      }),
    );
    const server = await startServer({ RESIDUA_MODELS: models });
    t.after(() => server.child.kill("SIGKILL"));
    await server.ready();
    const response = await fetch(`${server.url}/v1/models/theirs/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ windows: nested, include: ["reconstruction"] }),
    });
    const answer = (await response.json()) as {
      windows: { score: number; reconstruction: number[][] }[];
    };
    assert.equal(response.status, 200, JSON.stringify(answer));
    const served = answer.windows.flatMap(({ reconstruction }) => reconstruction.flat());
    assert.equal(served.length, outputs[0]!.data.length);
    outputs[0]!.data.forEach((wanted, i) => {
      assert.ok(Math.abs(served[i]! - wanted) <= 1.1e-5 * Math.max(1, Math.abs(wanted)), `${i}`);
    });
    assert.ok(answer.windows.every(({ score }) => score > 0));
    assert.equal(await server.end(), 0);
  });
}

test("a forecaster of Keras 2 is imported with the scaler it was trained with, and scores a file", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(400));
  const scaler = await write(
    "scaler.json",
    JSON.stringify({ feature_names_in_: ["cos", "sin"], data_min_: [-2, -4], data_max_: [2, 4] }),
  );
  const file = modelFile("keras-2", "forecaster", "h5");
  const imported = await residua(["import", file, "--name", "next", "--data", csv, "--scaler", scaler]);
  assert.equal(imported.status, 0, imported.err);
  assert.match(imported.err, /taken for a prediction of the row after the 10 that it reads/);
  const manifest = await manifestOf(models, "next");
  assert.equal(manifest.timesteps, 11);
  assert.equal(manifest.scaler.kind, "minmax");
  assert.deepEqual(
    [manifest.scaler.offset, manifest.scaler.scale],
    [
      [-4, -2],
      [8, 4],
    ],
  );
  const record = manifest.training["imported"] as { form: string; sha256: string; kerasVersion: string };
  assert.equal(record.form, "h5");
  assert.match(record.kerasVersion, /^2\./);
  assert.match(record.sha256, /^[0-9a-f]{64}$/);
  const scored = await residua(["score", csv, "--model", "next"]);
  assert.equal(scored.status, 0, scored.err);
  assert.equal(scored.out.trimEnd().split("\n").length, 401);
});

test("what is wrong is said in a sentence, and nothing is published", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(200));
  const file = modelFile("keras-3", "masked", "keras");
  const refused = await residua(["import", file, "--name", "x", "--data", csv]);
  assert.equal(refused.status, 1);
  assert.match(refused.err, /cannot be imported\. Layer "mask" is a Masking/);
  const gru = await residua(["import", modelFile("keras-3", "gru", "h5"), "--name", "x", "--data", csv]);
  assert.match(gru.err, /The model reads 3 features, and the data have 2; choose features with --columns/);
  const good = modelFile("keras-3", "bidirectional", "h5");
  const scaler = await residua(["import", good, "--name", "x", "--data", csv, "--scaler", "robust"]);
  assert.match(scaler.err, /--scaler is "robust", which is neither standard, minmax, none nor a file/);
  assert.equal((await residua(["import", good, "--name", "x"])).status, 2);
  assert.equal((await residua(["import", good, "--name", "x", "--data", csv, "--heads", "y"])).status, 2);
  await assert.rejects(readFile(join(models, "x", "1", "manifest.json")));
});
