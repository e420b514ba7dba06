import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { recordedOptions, recordedReading } from "../../src/publishing/renewal-record.js";
import { readManifest } from "../../src/registry/bundle.js";
import { repository } from "../server-process.js";

const models = join(repository, "models");
const shipped = readdirSync(models, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test("the shipped models can be trained anew with what they record, at their own window length", async () => {
  assert.ok(shipped.length > 0);
  for (const { name } of shipped) {
    const { manifest } = await readManifest(join(models, name, "1"));
    const options = recordedOptions(manifest);
    const { timesteps, horizon = 0, family } = options.architecture;
    assert.deepEqual([Number(timesteps) + horizon, family], [manifest.timesteps, manifest.family]);
    assert.deepEqual([options.loss, options.clip], [manifest.loss, manifest.clip]);
    assert.ok(options.folds >= 0 && options.linearPath !== undefined);
    assert.equal(options.linearPathTraining, "fixed");
    const reading = recordedReading(manifest);
    assert.deepEqual(
      reading.columns,
      manifest.features.map((feature) => feature.name),
    );
    assert.equal(reading.rows, undefined);
    for (const key of Object.keys(reading)) {
      if (["columns", "labelColumn", "rows", "timeColumn"].includes(key)) assert.ok(!(key in options), key);
    }
  }
});

test("a version whose linear path was trained along is renewed so", async () => {
  const { manifest } = await readManifest(join(models, shipped[0]!.name, "1"));
  const options = { ...(manifest.training["options"] as object), linearPathTraining: "joint" };
  assert.equal(recordedOptions({ ...manifest, training: { options } }).linearPathTraining, "joint");
});

test("a record that does not hold the options is refused with what it lacks", async () => {
  const { manifest } = await readManifest(join(models, shipped[0]!.name, "1"));
  const lacking = { ...manifest, training: { source: "elsewhere" } };
  assert.throws(
    () => recordedOptions(lacking),
    /does not say how to train it again .*--calibrate-only keeps/,
  );
  const { architecture } = manifest.training["options"] as { architecture: object };
  const options = {
    ...(manifest.training["options"] as object),
    architecture: { ...architecture, units: [] },
  };
  assert.throws(() => recordedOptions({ ...manifest, training: { options } }), /architecture\/units/);
});

test("an imported model is not trained anew, and the sentence says what can be done", async () => {
  const { manifest } = await readManifest(join(models, shipped[0]!.name, "1"));
  const imported = { ...manifest, training: { ...manifest.training, imported: { file: "model.keras" } } };
  assert.throws(
    () => recordedOptions(imported),
    /was imported, and how it was trained is not known here: --calibrate-only renews/,
  );
});
