/**
 * Windows a second from Parquet files: `residua score`, and the examples on Spark and Ray, which ask a service.
 *
 * `npm run -s bench -- bulk [--json] [--model NAME] [--files N] [--rows N] [--threads N]`
 * Each program runs twice, on files of few rows and of `--rows`: the first time is that of its start, and the difference is
 * what it takes for the windows. Packages of Python, 1.5 GB, are brought into .cache the first time; Spark needs
 * Java 17. What cannot be run here is left out, and said.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Manifest } from "../../src/registry/manifest.js";
import { pythonWith, runProgram } from "../clients/python.js";
import { repository, startServer } from "../server-process.js";

const STEP_MS = 300_000;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    model: { type: "string", default: "machine-temperature" },
    files: { type: "string", default: "8" },
    rows: { type: "string", default: "50000" },
    threads: { type: "string", default: "2" },
  },
});
const files = Number(options.files);
const models = join(repository, "models");
const manifestFile = join(models, options.model, "1", "manifest.json");
const { features, timesteps } = JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;
const folder = mkdtempSync(join(tmpdir(), "residua-bulk-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const settings = { RESIDUA_ENGINE: "wasm", RESIDUA_MODELS: models, RESIDUA_THREADS: options.threads };

/** Files of a wave each; the paths of all. */
function writeFiles(name: string, rows: number): string[] {
  const at = Array.from({ length: rows }, (_, row) => row);
  const columns = features.map((feature, f) => ({
    name: feature.name,
    data: at.map((row) => 50 + 40 * Math.sin(row / (20 + f))),
    type: "DOUBLE" as const,
  }));
  const time = { name: "time", data: at.map((row) => new Date(row * STEP_MS)), type: "TIMESTAMP" as const };
  const bytes = Buffer.from(parquetWriteBuffer({ columnData: [time, ...columns] }));
  mkdirSync(join(folder, name));
  return Array.from({ length: files }, (_, number) => {
    const path = join(folder, name, `machine-${number}.parquet`);
    writeFileSync(path, bytes);
    return path;
  });
}

const smallRows = timesteps + 1;
const sets = { small: writeFiles("small", smallRows), large: writeFiles("large", Number(options.rows)) };
const windows = files * (Number(options.rows) - smallRows);

type SetName = keyof typeof sets;

/** Prints how long a program takes to start, and how many windows a second it scores then. */
async function measure(what: string, run: (set: SetName) => ReturnType<typeof runProgram>): Promise<void> {
  const seconds: number[] = [];
  for (const set of ["small", "large"] as const) {
    const startedMs = performance.now();
    const { status, err } = await run(set);
    if (status !== 0) throw new Error(`${what} failed: ${err.slice(-2000)}`);
    seconds.push((performance.now() - startedMs) / 1000);
  }
  const [start, whole] = seconds as [number, number];
  const windowsPerSecond = Math.round(windows / (whole - start));
  if (options.json) console.log(JSON.stringify({ what, start, whole, windowsPerSecond }));
  else {
    console.log(
      `${what}: ${windowsPerSecond} windows/s; start ${start.toFixed(1)} s, all ${whole.toFixed(1)} s`,
    );
  }
}

const cli = join(repository, "dist", "src", "cli.js");
await measure("residua score", (set) => {
  const args = ["score", ...sets[set], "--model", options.model, "--out", join(folder, `${set}.csv`)];
  return runProgram(process.execPath, [cli, ...args], folder, { ...process.env, ...settings });
});

const server = await startServer({ ...settings, LOG_LEVEL: "warn" });
await server.ready();
for (const engine of ["spark", "ray"]) {
  const found = await pythonWith(join("..", "..", "examples", engine, "requirements.txt"));
  if ("skip" in found) {
    console.log(`${engine}: left out, since ${found.skip}`);
    continue;
  }
  const script = join(repository, "examples", engine, "score_parquet.py");
  await measure(engine, (set) => {
    const output = join(folder, `${engine}-${set}`);
    const args = [script, server.url, options.model, join(folder, set), output, "--time", "time"];
    const env = { ...process.env, PYSPARK_PYTHON: found.python };
    return runProgram(found.python, args, folder, env);
  });
}
await server.end();
