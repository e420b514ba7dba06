import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Dataset, Series } from "../../src/data/dataset.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { measureVersion } from "../../src/publishing/renewal-figures.js";
import { readBundle } from "../../src/registry/bundle.js";
import { loadModel } from "../../src/registry/served-model.js";
import { createDataFolder } from "../data/data-folder.js";
import { addVersions, temporaryFolder } from "../registry/publications.js";

/** A data set whose only series has so many rows of the two features of `addVersions`. */
async function longDataset(rows: number): Promise<Dataset> {
  const folder = createDataFolder();
  await folder.create();
  try {
    const read = await folder.read({ "a.csv": "temperature,pressure\n20,100000\n21,100300\n" });
    const values = Float64Array.from({ length: 2 * rows }, (_, i) =>
      i % 2 === 0 ? 20 + Math.sin(i) : 1e5 + 300 * Math.cos(i),
    );
    const series: Series = {
      ...read.series[0]!,
      rows,
      values,
      timestampsMs: undefined,
      anomalous: undefined,
      fileRows: Int32Array.from({ length: rows }, (_, row) => row),
    };
    return { ...read, series: [series] };
  } finally {
    await folder.remove();
  }
}

test("a version is measured on more rows than a function can have arguments", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "pump", [1]);
  const bundle = await readBundle(join(folder, "pump", "1"));
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const model = await loadModel(bundle, engine);
  t.after(() => model.executable.close());
  const rows = 150_000;
  const heldOut = await longDataset(rows);
  const figures = await measureVersion(model, {
    heldOut,
    whole: heldOut,
    live: bundle.scoring,
    golden: bundle.golden,
  });
  assert.equal(figures.rows, rows);
  const { median, upper, top } = figures.errors;
  assert.ok(median! > 0 && median! <= upper! && upper! <= top!, JSON.stringify(figures.errors));
  assert.equal(figures.faults, null);
});
