/** Tiny models to publish, in folders of their own. */
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Engine } from "../../src/engine/engine.js";
import { type ArchitectureOptions, buildNetwork } from "../../src/network/architectures.js";
import { windowSize } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { publishBundle } from "../../src/registry/bundle.js";
import { type BundleContents, encodeFiles, encodeManifest } from "../../src/registry/bundle-files.js";
import { recordGolden } from "../../src/registry/golden.js";
import { compressSample } from "../../src/scoring/thresholds.js";
import { TINY_ARCHITECTURE } from "../tiny-architecture.js";
import { ReferenceEngine } from "./reference-engine.js";

const NORMAL_SCORES = Float64Array.from({ length: 120 }, (_, i) => 0.001 * (i + 1));

/** A folder that is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-registry-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A whole bundle of two features; the seed decides its weights. */
export async function makeContents(
  engine: Engine,
  seed = 1,
  options: Partial<ArchitectureOptions> = {},
): Promise<BundleContents> {
  const network = buildNetwork({ ...TINY_ARCHITECTURE, ...options });
  const weights = initialWeights(network, seed);
  const executable = await engine.compile(network, weights);
  const windows = Float32Array.from({ length: 2 * windowSize(network) }, (_, i) => Math.sin(i));
  const golden = await recordGolden(executable, windows, 2);
  await executable.close();
  return {
    network,
    weights,
    golden,
    family: options.family ?? "reconstruction",
    features: [
      { name: "temperature", unit: "°C" },
      { name: "pressure", unit: null },
    ],
    scaler: { kind: "standard", offset: [20, 1e5], scale: [2, 300] },
    clip: 20,
    minCoverage: 0.5,
    loss: "mse",
    scorers: ["squared"],
    threshold: {
      method: "conformal",
      scorer: "squared",
      falseAlarmRate: 0.05,
      value: 0.115,
      timestepValue: 0.115,
    },
    calibration: {
      squared: { windows: compressSample(NORMAL_SCORES, 30), timesteps: compressSample(NORMAL_SCORES, 30) },
    },
    sampleBody: { windows: [Array.from({ length: network.timesteps }, (_, row) => [20 + row, 1e5])] },
    training: { seed },
  };
}

/** Published once in this process, and copied for each test: flushing to the disk takes its time. */
const masters = new Map<string, Promise<string>>();

async function master(name: string, version: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-published-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // The number before it is taken, so this one comes next.
  if (version > 1) await mkdir(join(folder, name, String(version - 1)), { recursive: true });
  const contents = await makeContents(new ReferenceEngine(), version);
  return (await publishBundle(folder, name, contents)).folder;
}

/** Puts these versions of a model in a folder, each with weights of its own. */
export async function addVersions(folder: string, name: string, versions: readonly number[]): Promise<void> {
  for (const version of versions) {
    const key = `${name}/${version}`;
    const published = masters.get(key) ?? master(name, version);
    masters.set(key, published);
    await cp(await published, join(folder, name, String(version)), { recursive: true });
  }
}

/** Puts a version in a folder as a program would that cares little for power cuts: no flush, but a rename. */
export async function renameInto(
  folder: string,
  name: string,
  version: number,
  contents: BundleContents,
): Promise<void> {
  const files = encodeFiles(contents);
  const temporary = join(folder, name, ".tmp-quick");
  await mkdir(temporary, { recursive: true });
  for (const [file, { bytes }] of files) await writeFile(join(temporary, file), bytes);
  const manifest = encodeManifest(contents, files, name, String(version));
  await writeFile(join(temporary, "manifest.json"), manifest.bytes);
  await rename(temporary, join(folder, name, String(version)));
}
