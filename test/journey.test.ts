/** What a newcomer does, with the real programs: serve the shipped models, train while they serve, stop. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import * as cpu from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import type { Manifest } from "../src/registry/manifest.js";
import { createWorkplace, writeWaves } from "./cli/residua-process.js";
import { repository, startServer } from "./server-process.js";

assert.ok(cpu.version_cpu);
await tf.setBackend("cpu");

const modelsFolder = join(repository, "models");
const SHIPPED = readdirSync(modelsFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(join(modelsFolder, name))
      .filter((version) => existsSync(join(modelsFolder, name, version, "manifest.json")))
      .map((version) => ({ name, version, folder: join(modelsFolder, name, version) })),
  );

type Matrix = number[][];
interface ScoreAnswer {
  readonly model: { name: string; version: string };
  readonly windows: { score: number; reconstruction?: Matrix; prediction?: Matrix; linear?: Matrix }[];
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

async function post(
  url: string,
  name: string,
  body: string,
): Promise<{ status: number; answer: ScoreAnswer }> {
  const response = await fetch(`${url}/v1/models/${name}/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: response.status, answer: (await response.json()) as ScoreAnswer };
}

/** What tfjs-layers makes of one window in the caller's units: by head, in time order. */
async function predictWithTfjs(folder: string, manifest: Manifest, window: Matrix): Promise<Matrix[]> {
  const model = await layers.loadLayersModel({
    load: async () => {
      const json = readJson<{
        modelTopology: object;
        weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
      }>(folder, "model.json");
      return {
        modelTopology: json.modelTopology,
        weightSpecs: json.weightsManifest[0]!.weights,
        weightData: new Uint8Array(readFileSync(join(folder, "weights.bin"))).buffer,
      };
    },
  });
  const { offset, scale } = manifest.scaler;
  const most = manifest.clip ?? Number.POSITIVE_INFINITY;
  const scaled = window
    .slice(0, manifest.inputSteps)
    .map((row) => row.map((x, f) => Math.max(-most, Math.min(most, (x - offset[f]!) / scale[f]!))));
  const outputs = [model.predict(tf.tensor3d([scaled]))].flat();
  return outputs.map((output, index) => {
    const [rows] = (output as tf.Tensor3D).arraySync() as number[][][];
    const head = manifest.heads[index]!;
    const inTime = head.reversed ? [...rows!].reverse() : rows!;
    return inTime.map((row) => row.map((y, f) => y * scale[f]! + offset[f]!));
  });
}

test("every shipped model answers its own sample with what tfjs-layers says, and SIGTERM ends with 0", async (t) => {
  assert.ok(SHIPPED.length >= 8, `${SHIPPED.length} shipped versions`);
  const server = await startServer({ RESIDUA_MODELS: modelsFolder });
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  for (const { name, version, folder } of SHIPPED) {
    await t.test(`${name}/${version}`, async () => {
      const manifest = readJson<Manifest>(folder, "manifest.json");
      const sample = readFileSync(join(folder, "sample.json"), "utf8");
      // All heads are asked for: the one of a linear path is not in an answer otherwise.
      const include = manifest.heads.map((head) => head.name);
      const body = JSON.stringify({ ...JSON.parse(sample), include });
      const { status, answer } = await post(server.url, `${name}`, body);
      assert.equal(status, 200);
      assert.deepEqual([answer.model.name, answer.model.version], [name, version]);
      const { windows } = JSON.parse(sample) as { windows: Matrix[] };
      const theirs = await predictWithTfjs(folder, manifest, windows[0]!);
      manifest.heads.forEach((head, index) => {
        const ours = answer.windows[0]![head.name];
        assert.ok(ours, head.name);
        assert.equal(ours.length, head.steps);
        ours.forEach((row, step) => {
          row.forEach((y, f) => {
            const { offset, scale } = manifest.scaler;
            const wanted = theirs[index]![step]![f]!;
            const scaled = Math.abs(wanted - offset[f]!) / scale[f]!;
            // 1e-5 in scaled units, and half of the last digit that is written.
            const allowed = (1e-5 * Math.max(1, scaled) + 1e-7) * scale[f]!;
            assert.ok(
              Math.abs(y - wanted) <= allowed,
              `${head.name} [${step}, ${f}]: ${y}, tfjs-layers ${wanted}`,
            );
          });
        });
      });
    });
  }
  assert.equal(await server.end(), 0);
});

test("what train publishes while the service runs is served beside what was there", async (t) => {
  const place = await createWorkplace(t);
  const data = await place.write("waves.csv", writeWaves(400));
  const train = ["train", data, "--name", "waves", "--timesteps", "8", "--units", "4", "--epochs", "1"];
  assert.equal((await place.residua(train)).status, 0);
  const server = await startServer({ RESIDUA_MODELS: place.models, RESIDUA_POLL_SECONDS: "0.1" });
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  const sample = readFileSync(join(place.models, "waves", "1", "sample.json"), "utf8");
  assert.equal((await post(server.url, "waves", sample)).answer.model.version, "1");
  assert.equal((await place.residua([...train, "--seed", "2"])).status, 0);
  let version = "1";
  for (let round = 0; version === "1"; round++) {
    assert.ok(round < 6_000, "version 2 was never served");
    await delay(10);
    const { status, answer } = await post(server.url, "waves", sample);
    assert.equal(status, 200);
    version = answer.model.version;
  }
  assert.equal(version, "2");
  assert.equal(await server.end(), 0);
});
