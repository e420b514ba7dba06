import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { InputError } from "../../src/errors.js";
import { describeNetwork } from "../../src/network/layers-model.js";
import { weightsChecksum } from "../../src/network/weights.js";
import { publishBundle, readBundle } from "../../src/registry/bundle.js";
import type { Manifest } from "../../src/registry/manifest.js";
import { addVersions, makeContents, temporaryFolder } from "./publications.js";
import { ReferenceEngine } from "./reference-engine.js";

const engine = new ReferenceEngine();

/** A published version of which a test may change the files. */
async function published(t: TestContext): Promise<string> {
  const models = await temporaryFolder(t);
  await addVersions(models, "pump", [1]);
  return join(models, "pump", "1");
}

/** Changes one file and writes its new hash into the manifest: what then refuses it is no hash. */
async function rewrite(folder: string, file: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const bytes = change(await readFile(join(folder, file)));
  await writeFile(join(folder, file), bytes);
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  manifest.files[file] = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
}

function editJson(change: (json: Record<string, unknown>) => unknown): (bytes: Buffer) => Uint8Array {
  return (bytes) => {
    const json = JSON.parse(bytes.toString());
    change(json);
    return Buffer.from(JSON.stringify(json));
  };
}

async function editManifest(folder: string, change: (manifest: Manifest) => unknown): Promise<void> {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8"));
  change(manifest);
  await writeFile(file, JSON.stringify(manifest));
}

function assertRefused(folder: string, sentence: RegExp): Promise<void> {
  return assert.rejects(
    readBundle(folder),
    (error) => error instanceof InputError && sentence.test(error.message),
  );
}

test("what is published reads back whole", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine, 5, { family: "composite", horizon: 2, dropout: 0.1 });
  const { version, folder, sha256 } = await publishBundle(models, "pump", contents);
  const bundle = await readBundle(folder);
  assert.deepEqual([version, folder], ["1", join(models, "pump", "1")]);
  assert.deepEqual([bundle.name, bundle.version, bundle.sha256], ["pump", "1", sha256]);
  assert.deepEqual(bundle.network, contents.network);
  assert.equal(
    weightsChecksum(bundle.network, bundle.weights),
    weightsChecksum(contents.network, contents.weights),
  );
  assert.deepEqual(bundle.golden, contents.golden);
  assert.deepEqual(bundle.calibration, contents.calibration);
  assert.deepEqual(bundle.sampleBody, contents.sampleBody);
  const { manifest } = bundle;
  assert.deepEqual(manifest.heads, describeNetwork(contents.network).heads);
  assert.deepEqual([manifest.timesteps, manifest.inputSteps], [6, 4]);
  assert.deepEqual(manifest.calibration, { squared: { windows: 120, windowBlocks: 30, timesteps: 120 } });
  assert.equal(manifest.tfjsLayers, true);
  assert.deepEqual((await readdir(folder)).sort(), [
    "calibration.bin",
    "golden.json",
    "manifest.json",
    "model.json",
    "sample.json",
    "weights.bin",
  ]);
  assert.deepEqual(await readdir(join(models, "pump")), ["1"]);
});

test("a bundle without calibration has no calibration.bin", async (t) => {
  const models = await temporaryFolder(t);
  const contents = { ...(await makeContents(engine)), calibration: undefined, threshold: null };
  const { folder } = await publishBundle(models, "pump", contents);
  const bundle = await readBundle(folder);
  assert.equal(bundle.calibration, undefined);
  assert.equal(bundle.manifest.calibration, null);
  assert.ok(!(await readdir(folder)).includes("calibration.bin"));
  await editManifest(folder, (manifest) => {
    manifest.files["calibration.bin"] = "0".repeat(64);
  });
  await assertRefused(folder, /calibration\.bin is missing/);
});

test("ties are in the manifest and hold after reading", async (t) => {
  const contents = await makeContents(engine, 1, { family: "stacked" });
  const { folder } = await publishBundle(await temporaryFolder(t), "pump", contents);
  const bundle = await readBundle(folder);
  assert.deepEqual(bundle.manifest.ties, [
    { kernel: "reconstruction_output/kernel", transposeOf: "encoder_1/kernel" },
  ]);
  assert.ok(!bundle.weights.has("reconstruction_output/kernel"));
  await rewrite(folder, "weights.bin", (bytes) => {
    bytes.writeFloatLE(0.5, 0);
    return bytes;
  });
  await assertRefused(folder, /"reconstruction_output\/kernel" is not the transpose of "encoder_1\/kernel"/);
});

test("one flipped bit anywhere in any file is refused", async (t) => {
  const folder = await published(t);
  for (const file of await readdir(folder)) {
    const good = await readFile(join(folder, file));
    for (const at of [0, Math.floor(good.length / 2), good.length - 2]) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      await writeFile(join(folder, file), bad);
      // In the manifest a bit may turn a name or a number into another valid one; its hash tells them apart.
      if (file === "manifest.json") {
        const hash = await readBundle(folder).then(
          ({ sha256 }) => sha256,
          () => "refused",
        );
        assert.notEqual(hash, createHash("sha256").update(good).digest("hex"));
      } else {
        await assertRefused(
          folder,
          new RegExp(`^${file.replace(".", "\\.")} has sha256 .* manifest\\.json says`),
        );
      }
    }
    await writeFile(join(folder, file), good);
  }
  await readBundle(folder);
});

test("a missing or additional file is refused", async (t) => {
  const folder = await published(t);
  for (const file of await readdir(folder)) {
    const good = await readFile(join(folder, file));
    await rm(join(folder, file));
    await assertRefused(folder, new RegExp(`${file.replace(".", "\\.")} is missing`));
    await mkdir(join(folder, file));
    await assertRefused(folder, new RegExp(`${file.replace(".", "\\.")} is not a file`));
    await rm(join(folder, file), { recursive: true });
    await writeFile(join(folder, file), good);
  }
  await writeFile(join(folder, ".DS_Store"), "");
  await readBundle(folder);
  await writeFile(join(folder, "notes.txt"), "");
  await assertRefused(folder, /notes\.txt is no file of a bundle/);
});

test("a file too large is refused before it is read", async (t) => {
  const folder = await published(t);
  await truncate(join(folder, "weights.bin"), 2 ** 40);
  await assertRefused(folder, /weights\.bin has 1099511627776 bytes; the most is/);
});

test("a folder that is not there, or a chain of links that leads nowhere, is refused", async (t) => {
  const folder = await published(t);
  await assertRefused(join(folder, "..", "2"), /The folder is missing/);
  await rm(join(folder, "model.json"));
  await symlink("model.json", join(folder, "model.json"));
  await assertRefused(folder, /model\.json cannot be read/);
});

const manifestCases: [string, (manifest: Manifest) => unknown, RegExp][] = [
  [
    "an unknown schema",
    (m) => Object.assign(m, { schemaVersion: 3 }),
    /schema version 3; .* reads versions 1 and 2/,
  ],
  ["no schema at all", (m) => Object.assign(m, { schemaVersion: undefined }), /schema version missing/],
  [
    "unknown keys and wrong types, all of them listed",
    (m) => Object.assign(m, { colour: 1, family: "cnn", timesteps: "4" }),
    /\/colour: .*\/family: .*\/timesteps: /,
  ],
  ["another name", (m) => Object.assign(m, { name: "fan" }), /is of fan 1, in a folder pump\/1/],
  ["another version", (m) => Object.assign(m, { version: "2" }), /is of pump 2, in a folder pump\/1/],
  ["other timesteps", (m) => Object.assign(m, { timesteps: 3 }), /inputSteps has to be .* from 1 to 3/],
  ["absurd timesteps", (m) => Object.assign(m, { timesteps: 1e9 }), /timesteps has to be/],
  ["a feature less", (m) => m.features.pop(), /reads \[4, 2\], the manifest says \[4, 1\]/],
  ["a head too many", (m) => m.heads.push(m.heads[0]!), /1 outputs for 2 heads/],
  ["a head elsewhere", (m) => Object.assign(m.heads[0]!, { start: 1 }), /rows outside the window/],
  ["another embedding", (m) => Object.assign(m, { embeddingLayer: "x" }), /no embedding layer "x"/],
  ["a scaler too short", (m) => m.scaler.offset.pop(), /scaler\.offset has 1 values for 2 features/],
  ["a scale of 0", (m) => m.scaler.scale.splice(0, 1, 0), /\/scaler\/scale\/0/],
  ["a mean too long", (m) => Object.assign(m.scaler, { mean: [1, 2, 3] }), /scaler\.mean has 3 values/],
  ["tfjsLayers that is not so", (m) => Object.assign(m, { tfjsLayers: false }), /says tfjsLayers false/],
  ["a scorer twice", (m) => m.scorers.push("squared"), /names one twice/],
  [
    "a threshold of no scorer",
    (m) => Object.assign(m.threshold!, { scorer: "absolute" }),
    /not among the scorers/,
  ],
  [
    "a calibrated threshold without calibration",
    (m) => {
      m.scorers.push("absolute");
      Object.assign(m.threshold!, { scorer: "absolute" });
    },
    /threshold for scorer absolute is without a calibration sample/,
  ],
  [
    "no calibration",
    (m) => Object.assign(m, { calibration: null, threshold: null }),
    /says there is no calibration/,
  ],
  [
    "another size of the calibration",
    (m) => Object.assign(m.calibration!.squared!, { windows: 9 }),
    /other samples of scorer squared/,
  ],
  [
    "a file outside",
    (m) => Object.assign(m.files, { "../x": "0".repeat(64) }),
    /no part of a bundle: "\.\.\/x"/,
  ],
  ["a file unlisted", (m) => delete m.files["sample.json"], /sample\.json is not listed/],
  [
    "a tie that does not hold",
    (m) => m.ties.push({ kernel: "encoder_1/kernel", transposeOf: "reconstruction_1/kernel" }),
    /is not the transpose/,
  ],
];
for (const [what, change, sentence] of manifestCases) {
  test(`refuses a manifest with ${what}`, async (t) => {
    const folder = await published(t);
    await editManifest(folder, change);
    await assertRefused(folder, sentence);
  });
}

const fileCases: [string, string, (bytes: Buffer) => Uint8Array, RegExp][] = [
  ["a model.json that is not JSON", "model.json", () => Buffer.from("{"), /model\.json is not JSON/],
  [
    "a model.json that is not UTF-8",
    "model.json",
    () => Buffer.from([0xff, 0xfe]),
    /model\.json is not JSON/,
  ],
  [
    "an absurd shape",
    "model.json",
    (bytes) => Buffer.from(bytes.toString().replace(/"units": 3/, '"units": 3e9')),
    /units of "encoder_1"/,
  ],
  [
    "a weight that is NaN",
    "weights.bin",
    (bytes) => {
      bytes.writeFloatLE(Number.NaN, 4);
      return bytes;
    },
    /"encoder_1\/kernel" holds NaN at position 1/,
  ],
  [
    "weights cut short",
    "weights.bin",
    (bytes) => bytes.subarray(4),
    /weights\.bin has \d+ bytes; its weights take/,
  ],
  [
    "a damaged calibration",
    "calibration.bin",
    (bytes) => bytes.subarray(0, 40),
    /calibration\.bin ends after 40/,
  ],
  [
    "no golden windows",
    "golden.json",
    editJson((g) => Object.assign(g, { count: 0 })),
    /count of golden\.json/,
  ],
  [
    "a golden output missing",
    "golden.json",
    editJson((g) => Object.assign(g, { embedding: [] })),
    /embedding of golden\.json has 0 values, not 2 x 3/,
  ],
  [
    "a golden output that is no number",
    "golden.json",
    editJson((g) => (g["embedding"] as unknown[]).splice(0, 1, null)),
    /embedding of golden\.json holds null/,
  ],
  [
    "a sample without windows",
    "sample.json",
    () => Buffer.from("{}"),
    /windows of sample\.json has to be an array/,
  ],
  [
    "a sample of another shape",
    "sample.json",
    () => Buffer.from('{"windows": [[[1, 2]]]}'),
    /has to hold windows of 4 rows/,
  ],
  [
    "a sample with text",
    "sample.json",
    () => Buffer.from('{"series": [["1", 2]]}'),
    /has a row that is not 2 readings/,
  ],
  [
    "a series too short",
    "sample.json",
    () => Buffer.from('{"series": [[1, null]]}'),
    /shorter than a window of 4/,
  ],
];
for (const [what, file, change, sentence] of fileCases) {
  test(`refuses ${what}, whatever its hash`, async (t) => {
    const folder = await published(t);
    await rewrite(folder, file, change);
    await assertRefused(folder, sentence);
  });
}

test("a taken number means the next one, whatever holds it", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine);
  assert.equal((await publishBundle(models, "pump", contents)).version, "1");
  await mkdir(join(models, "pump", "7"));
  await mkdir(join(models, "pump", "99-old"));
  assert.equal((await publishBundle(models, "pump", contents)).version, "8");
  await writeFile(join(models, "pump", "9"), "");
  assert.equal((await publishBundle(models, "pump", contents)).version, "10");
});

test("nothing is published that would be refused, and nothing is left behind", async (t) => {
  const models = await temporaryFolder(t);
  const contents = await makeContents(engine);
  await assert.rejects(publishBundle(models, "Pump!", contents), /"Pump!" is no name for a model/);
  await assert.rejects(publishBundle(models, "../pump", contents), InputError);
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, features: contents.features.slice(1) }),
    /reads \[4, 2\], the manifest says \[4, 1\]/,
  );
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, minCoverage: Number.NaN }),
    /\/minCoverage/,
  );
  await assert.rejects(
    publishBundle(models, "pump", { ...contents, sampleBody: { windows: [] } }),
    /sample\.json/,
  );
  assert.deepEqual(await readdir(join(models, "pump")), []);
});

test("what an ended publisher left is removed after an hour, what one is writing is not", async (t) => {
  const models = await temporaryFolder(t);
  const [stale, fresh] = [join(models, "pump", ".tmp-stale"), join(models, "pump", ".tmp-fresh")];
  await mkdir(stale, { recursive: true });
  await mkdir(fresh);
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  await utimes(stale, longAgo, longAgo);
  await publishBundle(models, "pump", await makeContents(engine));
  assert.deepEqual((await readdir(join(models, "pump"))).sort(), [".tmp-fresh", "1"]);
});

test("publishers in several processes get a number each, and every bundle is whole", async (t) => {
  const models = await temporaryFolder(t);
  const script = fileURLToPath(new URL("publisher.js", import.meta.url));
  const publishers = Array.from({ length: 3 }, (_, at) => fork(script, [models, String(at), "5"]));
  const endings = await Promise.all(publishers.map((publisher) => once(publisher, "exit")));
  assert.deepEqual(
    endings.map(([code]) => code),
    [0, 0, 0],
  );
  const versions = (await readdir(join(models, "pump"))).sort((a, b) => Number(a) - Number(b));
  assert.deepEqual(
    versions,
    Array.from({ length: 15 }, (_, at) => String(at + 1)),
  );
  const seeds = new Set<unknown>();
  for (const version of versions) {
    seeds.add((await readBundle(join(models, "pump", version))).manifest.training["seed"]);
  }
  assert.equal(seeds.size, 15);
});
