/** The command of the Indexed Job, run as its pods would run it. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parquetWriteBuffer } from "hyparquet-writer";
import { runProgram } from "../clients/python.js";
import { temporaryFolder } from "../registry/publications.js";
import { repository } from "../server-process.js";
import { manifestsOf } from "./manifests.js";

const [job] = manifestsOf("kubernetes/score-job.yaml");
const [container] = job.spec.template.spec.containers;
const [program, ...options] = [...container.command, ...container.args] as string[];

interface Folders {
  readonly input: string;
  readonly output: string;
}

async function makeFolders(t: TestContext): Promise<Folders> {
  const root = await temporaryFolder(t);
  const folders = { input: join(root, "input"), output: join(root, "output") };
  for (const folder of Object.values(folders)) await mkdir(folder);
  return folders;
}

/** Runs pod `index` of two. The image's folder is that of the checkout here, its volumes are `folders`. */
function runPod(index: number, { input, output }: Folders) {
  const names = (container.env as { name: string; value: string }[]).map(({ name, value }) => [name, value]);
  const env = {
    ...process.env,
    ...Object.fromEntries(names),
    ...{ MODEL: "cpu-utilization", INPUT: input, OUTPUT: output, PODS: "2" },
    ...{ JOB_COMPLETION_INDEX: String(index), RESIDUA_THREADS: "1", RESIDUA_ENGINE: "wasm" },
  };
  return runProgram(program!, options, repository, env);
}

/** Writes a file with a wave of `rows` rows, every five minutes. */
async function writeWave(path: string, rows: number): Promise<void> {
  const at = Array.from({ length: rows }, (_, row) => row);
  const timestamp = at.map((row) => new Date(Date.UTC(2014, 6, 1) + row * 300_000));
  const value = at.map((row) => 35 + 5 * Math.sin(row / 40));
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "timestamp", data: timestamp, type: "TIMESTAMP" },
      { name: "value", data: value, type: "DOUBLE" },
    ],
  });
  await writeFile(path, Buffer.from(bytes));
}

test("the pods share the files, score all their rows, and do nothing twice", async (t) => {
  const folders = await makeFolders(t);
  for (const [at, name] of ["a", "b", "c"].entries()) {
    await writeWave(join(folders.input, `${name} ${at}.parquet`), 60 + at);
  }
  const first = await runPod(0, folders);
  assert.equal(first.status, 0, first.err);
  assert.deepEqual(await readdir(folders.output), [
    "a 0.csv",
    "a 0.events.json",
    "c 2.csv",
    "c 2.events.json",
  ]);
  const second = await runPod(1, folders);
  assert.equal(second.status, 0, second.err);
  for (const [at, name] of ["a", "b", "c"].entries()) {
    const [header, ...rows] = (await readFile(join(folders.output, `${name} ${at}.csv`), "utf8"))
      .trimEnd()
      .split("\n");
    assert.equal(header, "timestamp,score,p_value,anomalous");
    assert.equal(rows.length, 60 + at);
    assert.ok(rows.every((row) => Number.isFinite(Number(row.split(",")[1]))));
  }
  const { mtimeMs } = await stat(join(folders.output, "a 0.csv"));
  const again = await runPod(0, folders);
  assert.deepEqual([again.status, again.out], [0, ""]);
  assert.equal((await stat(join(folders.output, "a 0.csv"))).mtimeMs, mtimeMs);
});

test("a file that cannot be read, and a folder without files, end the pod with a reason", async (t) => {
  const folders = await makeFolders(t);
  const empty = await runPod(0, folders);
  assert.deepEqual([empty.status, empty.err], [1, `There is no Parquet file in ${folders.input}.\n`]);
  await writeFile(join(folders.input, "broken.parquet"), "PAR1 and no more");
  const broken = await runPod(0, folders);
  assert.equal(broken.status, 1);
  assert.match(broken.err, /broken\.parquet/);
  assert.deepEqual(await readdir(folders.output), []);
});

test("as many pods as the command counts with", () => {
  const pods = (container.env as { name: string; value: string }[]).find(({ name }) => name === "PODS");
  assert.equal(Number(pods!.value), job.spec.completions);
  assert.equal(job.spec.completionMode, "Indexed");
});
