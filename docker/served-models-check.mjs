/**
 * Serves every model of a folder with an engine and with `wasm`, and compares their answers to the model's sample.
 *
 * node docker/served-models-check.mjs [engine, default cuda] [folder, default models]
 * Exit status 0 where every number agrees within 1e-4 max(1, |b|), the tolerance of a bundle's golden windows.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [engine = "cuda", folder = "models"] = process.argv.slice(2);
const server = fileURLToPath(new URL("../dist/src/server.js", import.meta.url));
const START_LIMIT_MS = 900_000;
const TOLERANCE = 1e-4;

const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const models = names.flatMap(({ name }) => {
  const versions = readdirSync(join(folder, name)).filter((version) => /^[1-9]\d*$/.test(version));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined || !existsSync(join(folder, name, newest, "sample.json"))) return [];
  return [{ name, version: newest, body: readFileSync(join(folder, name, newest, "sample.json")) }];
});
if (models.length === 0) {
  console.error(`${folder} has no models.`);
  process.exit(1);
}

const [got, want] = [await answers(engine), await answers("wasm")];
let worst = 0;
for (const { name, version } of models) {
  const difference = largestDifference(got.get(name).windows, want.get(name).windows);
  worst = Math.max(worst, difference);
  const { engine: by, device } = got.get(name).model;
  console.log(`${name} ${version}: ${by} on ${device}, largest difference to wasm ${difference.toExponential(1)}`);
}
process.exit(worst <= TOLERANCE ? 0 : 1);

async function answers(setting) {
  const port = await freePort();
  const child = spawn(process.execPath, [server], {
    env: { ...process.env, RESIDUA_ENGINE: setting, RESIDUA_MODELS: folder, PORT: String(port), LOG_LEVEL: "warn" },
    stdio: ["ignore", 2, 2],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const address = `http://127.0.0.1:${port}`;
  try {
    const begin = performance.now();
    while (!(await fetch(`${address}/readyz`).then((answer) => answer.ok, () => false))) {
      if (child.exitCode !== null) throw new Error(`The service ended with RESIDUA_ENGINE=${setting}.`);
      if (performance.now() - begin > START_LIMIT_MS) throw new Error("The service did not become ready.");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    console.log(`ready with RESIDUA_ENGINE=${setting} after ${Math.round(performance.now() - begin)} ms`);
    const all = new Map();
    for (const { name, body } of models) {
      const answer = await fetch(`${address}/v1/models/${name}/score`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      if (!answer.ok) throw new Error(`${name} answered ${answer.status}: ${await answer.text()}`);
      all.set(name, await answer.json());
    }
    return all;
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

/**
 * The largest difference of two numbers at the same place in two answers. P-values are left out: they are ranks, and a
 * score that nearly equals a calibration score may differ by one.
 */
function largestDifference(a, b, key = "") {
  if (key === "pValue") return 0;
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) / Math.max(1, Math.abs(b));
  if (a === null || b === null || typeof a !== "object") return a === b ? 0 : Number.POSITIVE_INFINITY;
  return Object.keys(b).reduce((most, each) => Math.max(most, largestDifference(a[each], b[each], each)), 0);
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
