import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ReadingValues } from "../../src/data/reading-options.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { publish } from "../../src/publishing/publish.js";
import { readBundle } from "../../src/registry/bundle.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { loadStoredModel } from "../../src/registry/stored-model.js";
import { trainModel } from "../../src/training/train-model.js";
import { createDataFolder } from "../data/data-folder.js";
import { QUICK_TRAINING } from "../training/quick-training.js";

const READING: ReadingValues = {
  columns: undefined,
  labelColumn: undefined,
  timeColumn: undefined,
  groupColumn: undefined,
  rows: { from: 0, to: 120 },
  maxGap: 60,
  delimiter: undefined,
  header: undefined,
};

test("a trained model becomes the next version, as a registry takes it, and nothing is printed", async (t) => {
  const data = createDataFolder();
  await data.create();
  t.after(data.remove);
  const modelsFolder = await mkdtemp(join(tmpdir(), "residua-publish-"));
  t.after(() => rm(modelsFolder, { recursive: true, force: true }));
  const store = new FolderStore(modelsFolder);
  const rows = Array.from(
    { length: 120 },
    (_, row) => `${Math.sin(row / 4)},${row % 3 === 1 ? "" : row % 7}`,
  );
  const dataset = await data.read({ "waves.csv": `a,b\n${rows.join("\n")}\n` });
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const { signal } = new AbortController();
  const trained = await trainModel(engine, dataset, { ...QUICK_TRAINING, signal });
  const printed = [t.mock.method(process.stdout, "write"), t.mock.method(process.stderr, "write")];
  const published = await publish(trained, { store, name: "waves", reading: READING });
  const writes = printed.map(({ mock }) => mock.callCount());
  for (const { mock } of printed) mock.restore();
  assert.deepEqual(writes, [0, 0]);

  assert.equal(published.version, "1");
  const { sha256, manifest, sample } = await readBundle(published.folder);
  assert.equal(sha256, published.sha256);
  assert.deepEqual(manifest.features, [
    { name: "a", unit: null },
    { name: "b", unit: null },
  ]);
  const { data: files, options, losses, seed } = JSON.parse(JSON.stringify(manifest.training));
  assert.deepEqual(files, [{ file: "waves.csv", rows: 120, sha256: dataset.files[0]!.sha256 }]);
  assert.deepEqual([options.maxGap, options.rows, options.batchSize, seed], [60, READING.rows, 16, 3]);
  assert.ok(!("signal" in options));
  assert.equal(losses.length, 2);
  // In the file's units, and null where a reading is missing.
  const readings = (
    JSON.parse(Buffer.from(sample).toString()) as { windows: (number | null)[][][] }
  ).windows.flat(2);
  assert.ok(readings.includes(null));
  assert.deepEqual(
    readings.map((reading) => reading ?? Number.NaN),
    [...trained.examples.readings],
  );

  const second = await publish(trained, { store, name: "waves", reading: READING });
  assert.equal(second.version, "2");
  const loaded = await loadStoredModel(store, "waves", {}, engine);
  assert.equal(loaded.version, "2");
  await loaded.executable.close();
  await assert.rejects(publish(trained, { store, name: "Waves!", reading: READING }), InputError);
});
