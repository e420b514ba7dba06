/** The examples on Spark and Ray, run on real engines against a real server. Their packages take 1.5 GB. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetWriteBuffer } from "hyparquet-writer";
import { temporaryFolder } from "../registry/publications.js";
import { repository, startServer } from "../server-process.js";
import { pythonWith, runProgram } from "./python.js";

const MODEL = "cpu-utilization";
const TIMESTEPS = 36;
const START = Date.UTC(2014, 6, 1);
const STEP = 300_000;
const isAsked = process.env["RESIDUA_TEST_BULK"] === "1";

interface Row {
  readonly machine: string;
  readonly time: Date;
  readonly value: number | null;
}

/** Series that differ, one too short for a window, one without some readings. Each is exact in float32. */
function makeRows(machine: string, count: number): Row[] {
  return Array.from({ length: count }, (_, row) => ({
    machine,
    time: new Date(START + row * STEP),
    value:
      machine === "b" && row % 11 === 3
        ? null
        : Math.fround(35 + 5 * Math.sin((row + machine.charCodeAt(0)) / 9)),
  }));
}

async function writeRows(path: string, rows: readonly Row[]): Promise<void> {
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: "machine", data: rows.map(({ machine }) => machine), type: "STRING" },
      { name: "time", data: rows.map(({ time }) => time), type: "TIMESTAMP" },
      { name: "value", data: rows.map(({ value }) => value), type: "DOUBLE" },
    ],
  });
  await writeFile(path, Buffer.from(bytes));
}

async function readRows(folder: string): Promise<Record<string, unknown>[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".parquet"));
  const files = names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    const file = new Uint8Array(bytes).buffer;
    return parquetReadObjects({ file, compressors });
  });
  return (await Promise.all(files)).flat();
}

/** What the native route says of all windows of a series: score and verdict of each. */
async function expectedScores(url: string, rows: readonly Row[]): Promise<[number, boolean][]> {
  const windows = rows
    .slice(TIMESTEPS - 1)
    .map((_, at) => rows.slice(at, at + TIMESTEPS).map(({ value }) => [value]));
  if (windows.length === 0) return [];
  const response = await fetch(`${url}/v1/models/${MODEL}/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ windows, include: [] }),
  });
  assert.equal(response.status, 200);
  const answer = (await response.json()) as { windows: { score: number; anomalous: boolean }[] };
  return answer.windows.map(({ score, anomalous }) => [Math.fround(score), anomalous]);
}

async function check(t: TestContext, engine: "spark" | "ray", fileColumn: string): Promise<void> {
  const found = await pythonWith(join("..", "..", "examples", engine, "requirements.txt"));
  if ("skip" in found) {
    t.skip(found.skip);
    return;
  }
  const server = await startServer({ RESIDUA_MODELS: join(repository, "models"), RESIDUA_THREADS: "1" });
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  const folder = await temporaryFolder(t);
  const [together, apart] = [join(folder, "together"), join(folder, "apart")];
  for (const one of [together, apart]) await mkdir(one);
  const series = { a: makeRows("a", 1300), b: makeRows("b", 200), c: makeRows("c", TIMESTEPS - 1) };
  // The rows of the machines take turns, in two files that cut every series.
  const mixed = Object.values(series)
    .flat()
    .sort((one, other) => one.time.getTime() - other.time.getTime());
  await writeRows(join(together, "1.parquet"), mixed.slice(0, 700));
  await writeRows(join(together, "2.parquet"), mixed.slice(700));
  for (const [name, rows] of Object.entries(series)) await writeRows(join(apart, `${name}.parquet`), rows);

  const script = join(repository, "examples", engine, "score_parquet.py");
  const run = async (input: string, column: string, options: readonly string[]) => {
    const output = join(folder, `${column}-scores`);
    const args = [script, server.url, MODEL, input, output, "--time", "time", ...options];
    // Spark starts its own processes of Python.
    const env = { ...process.env, PYSPARK_PYTHON: found.python };
    const { status, err } = await runProgram(found.python, args, folder, env);
    assert.equal(status, 0, err);
    const scored = await readRows(output);
    for (const [name, rows] of Object.entries(series)) {
      const own = scored
        .filter((row) =>
          column === "machine" ? row[column] === name : String(row[column]).endsWith(`/${name}.parquet`),
        )
        .sort((one, other) => Number(one["time"]) - Number(other["time"]));
      assert.deepEqual(
        own.map((row) => [row["score"], row["anomalous"]]),
        await expectedScores(server.url, rows),
      );
      assert.deepEqual(
        own.map((row) => row["time"]),
        rows.slice(TIMESTEPS - 1).map(({ time }) => time),
      );
    }
  };
  await run(together, "machine", ["--group", "machine"]);
  await run(apart, fileColumn, []);
}

const options = { skip: isAsked ? false : "RESIDUA_TEST_BULK=1 runs it", timeout: 1_200_000 };
test("Spark scores Parquet files as the service does, by machine and by file", options, (t) =>
  check(t, "spark", "file"),
);
test("Ray scores Parquet files as the service does, by machine and by file", options, (t) =>
  check(t, "ray", "path"),
);
