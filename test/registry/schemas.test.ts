/** Bundles of schema 1 and 2, and the sections of a manifest. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { InputError } from "../../src/errors.js";
import { publishBundle, readBundle } from "../../src/registry/bundle.js";
import { FILE_LIMITS } from "../../src/registry/bundle-files.js";
import { sectionsOf } from "../../src/registry/manifest.js";
import { loadModel } from "../../src/registry/served-model.js";
import { SCORER_NAMES, SCORERS } from "../../src/scoring/scorers/scorers.js";
import { pValue } from "../../src/scoring/thresholds.js";
import { prepareWindows, scoreWindows } from "../../src/scoring/window-scoring.js";
import { makeContents, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

const fixture = fileURLToPath(new URL("../../../test/fixtures/schema-1/pump/1/", import.meta.url));

async function edit(folder: string, changes: object): Promise<void> {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...manifest, ...changes }));
}

/** A published version of today's schema, with these in its manifest. */
async function published(t: TestContext, changes: object = {}): Promise<string> {
  const contents = await makeContents(new ReferenceEngine());
  const { folder } = await publishBundle(await temporaryFolder(t), "pump", contents);
  await edit(folder, changes);
  return folder;
}

const refused = (folder: string, sentence: RegExp): Promise<void> =>
  assert.rejects(readBundle(folder), (error) => error instanceof InputError && sentence.test(error.message));

test("a bundle of schema 1 is read, replays its golden windows and is scored as its publisher would", async (t) => {
  const bundle = await readBundle(fixture);
  assert.equal(bundle.manifest.schemaVersion, 1);
  assert.deepEqual(bundle.manifest.scorers, ["squared", "absolute"]);
  // The samples of calibration.bin belong to the scorers whose places in a list they were once written by.
  assert.equal(pValue(bundle.calibration!.squared!.windows, 0.395), 2 / 41);
  assert.equal(pValue(bundle.calibration!.absolute!.windows, 14.75), 2 / 31);
  assert.equal(pValue(bundle.calibration!.absolute!.timesteps, 7.4), 2 / 31);
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const model = await loadModel(bundle, engine);
  const { windows } = JSON.parse(Buffer.from(bundle.sample).toString()) as { windows: number[][][] };
  const prepared = prepareWindows(model.scoring, Float64Array.from(windows.flat(2)), 1);
  const outputs = await model.executable.run(prepared.scaled, 1);
  const scores = (["squared", "absolute"] as const).map(
    (scorer) => scoreWindows(model.scoring, scorer, prepared, outputs).score[0]!,
  );
  scores.forEach((score, i) => {
    const expected = [1.053094146225626, 0.5950953167824385][i]!;
    assert.ok(Math.abs(score - expected) <= 1e-5 * expected, `${score}`);
  });
  await model.executable.close();
});

test("a manifest of schema 1 has no sections", async (t) => {
  const folder = join(await temporaryFolder(t), "pump", "1");
  await cp(fixture, folder, { recursive: true });
  await readBundle(folder);
  await edit(folder, { drift: { version: 1 } });
  await refused(folder, /of schema version 1, which has no "drift"/);
});

test("new bundles are of schema 2, and carry the sections they are given", async (t) => {
  const sections = { data: { version: 3, timeZone: "UTC", columns: ["a"] }, renewedFrom: { version: 1 } };
  const contents = { ...(await makeContents(new ReferenceEngine())), sections };
  const { folder } = await publishBundle(await temporaryFolder(t), "pump", contents);
  const { manifest } = await readBundle(folder);
  assert.equal(manifest.schemaVersion, 2);
  assert.deepEqual(Object.fromEntries(sectionsOf(manifest)), sections);
  await assert.rejects(
    publishBundle(await temporaryFolder(t), "pump", { ...contents, sections: { heads: { version: 1 } } }),
    /A section of a manifest cannot be called heads/,
  );
});

test("a section that is not known is passed over, unless it is required", async (t) => {
  const folder = await published(t, { later: { version: 7, required: false, of: ["any", { form: 1 }] } });
  assert.equal(sectionsOf((await readBundle(folder)).manifest).length, 1);
  await edit(folder, { later: { version: 7, required: true } });
  await refused(folder, /a section "later" of version 7 that the model needs and this program does not know/);
  for (const later of [1, null, [], {}, { version: 0 }, { version: "1" }, { version: 1, required: 1 }]) {
    await edit(folder, { later });
    await refused(folder, /does not fit its schema \(\/later/);
  }
});

test("a scorer that is not known is refused with those that are", async (t) => {
  const folder = await published(t, { scorers: ["squared", "median"] });
  await refused(folder, new RegExp(`/scorers/1: Expected one of ${SCORER_NAMES.join(", ")}, not "median"`));
});

test("scorers.bin of a scorer that is not known is refused, and so is one that is too large", async (t) => {
  const folder = await published(t);
  const bytes = Buffer.from("525344500100000001000000e803000000000000", "hex");
  await writeFile(join(folder, "scorers.bin"), bytes);
  await refused(folder, /scorers\.bin is not listed/);
  const { files } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await edit(folder, { files: { ...files, "scorers.bin": sha256 } });
  await refused(folder, /scorers\.bin has an unknown or repeated scorer 1000/);
  const contents = await makeContents(new ReferenceEngine());
  const fitted = new Map([["squared" as const, new Float64Array(8 * 1024 * 1024)]]);
  await assert.rejects(
    publishBundle(await temporaryFolder(t), "pump", { ...contents, fitted }),
    /^InputError: scorers\.bin has 67108884 bytes; the most is 67108864/,
  );
});

test("docs/bundle-format.md lists every scorer with its number, and every file with its limit", async () => {
  const page = await readFile(new URL("../../../docs/bundle-format.md", import.meta.url), "utf8");
  for (const { name, id } of SCORERS) assert.ok(page.includes(`| \`${name}\` | ${id} |`), name);
  for (const [file, bytes] of Object.entries(FILE_LIMITS)) {
    const limit = bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes.toLocaleString("en")} bytes`;
    assert.match(page, new RegExp(`^\\| \`${file.replace(".", "\\.")}\` \\|.*\\| ${limit} \\|`, "m"));
  }
});
