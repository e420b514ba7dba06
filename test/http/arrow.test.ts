/** Answers to series as Arrow streams, read by a library for JavaScript and, where pip can install it, by pyarrow. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { pythonWith } from "../clients/python.js";
import { temporaryFolder } from "../registry/publications.js";
import { makeWaves, STEP_MS, serveTrained } from "./trained-service.js";

const ARROW = "application/vnd.apache.arrow.stream";

interface Answer {
  readonly model: object;
  readonly threshold: object | null;
  readonly timesteps: Record<string, (number | null)[]>;
  readonly events: object[];
  readonly time: object;
  readonly notes: string[];
  readonly drift: object | null;
  readonly continuation: string;
}

const series = makeWaves(11, 500, (row) => (row >= 300 && row < 315 ? 2 : 0));
const timestamps = series.map((_, row) => Date.UTC(2024, 0, 1) + row * STEP_MS);

test("an answer in Arrow has the same rows, with what comes behind them in its metadata", async (t) => {
  const service = await serveTrained(t);
  const gaps = { series: series.map((row, at) => (at < 30 ? [null, null] : row)), timestamps };
  const body = { ...gaps, include: ["reconstruction", "featureError"], continuation: "" };
  const json = (await (await service.score("waves", body)).json()) as Answer;
  const response = await service.score("waves", body, { accept: ARROW });
  assert.equal(response.headers.get("content-type"), ARROW);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const table = tableFromIPC(bytes);
  assert.equal(table.numRows, series.length);
  const head = JSON.parse(table.schema.metadata!.get("residua")!) as object;
  assert.deepEqual(head, { model: json.model, threshold: json.threshold });
  const near = (name: string, wanted: readonly (number | boolean | null)[]): void => {
    const own = [...table.getChild(name)] as (number | boolean | null)[];
    assert.equal(own.length, wanted.length);
    for (const [row, value] of wanted.entries()) {
      if (typeof value !== "number") assert.equal(own[row], value, `${name} ${row}`);
      else
        assert.ok(Math.abs((own[row] as number) - value) <= 1e-6 * (1 + Math.abs(value)), `${name} ${row}`);
    }
  };
  const { timesteps } = json;
  assert.ok(timesteps["score"]!.includes(null) && timesteps["anomalous"]!.includes(null));
  near("score", timesteps["score"]!);
  near("p_value", timesteps["pValue"]!);
  near("anomalous", timesteps["anomalous"]!);
  for (const [f, name] of ["sin", "cos"].entries()) {
    const column = (part: string) =>
      (timesteps[part] as unknown as (number | null)[][]).map((row) => row[f]!);
    near(name, column("reconstruction"));
    near(`${name}.error`, column("featureError"));
  }
  assert.deepEqual(
    table.schema.fields.map(({ name }) => name),
    ["score", "p_value", "anomalous", "timestep_error", "sin", "cos", "sin.error", "cos.error"],
  );

  const found = await pythonWith();
  if ("skip" in found) {
    t.diagnostic(`the stream was read by flechette alone, not by pyarrow: ${found.skip}`);
    return;
  }
  const file = join(await temporaryFolder(t), "answer.arrows");
  await writeFile(file, bytes);
  const read = spawnSync(found.python, ["-c", READ_ARROW, file], { encoding: "utf8" });
  assert.equal(read.status, 0, read.stderr);
  const { rows, metadata, score } = JSON.parse(read.stdout) as {
    rows: number[];
    metadata: Record<string, unknown>;
    score: (number | null)[];
  };
  assert.equal(rows.at(-1), 0);
  assert.equal(
    rows.reduce((a, b) => a + b, 0),
    series.length,
  );
  const { timing, ...others } = metadata;
  assert.ok(typeof timing === "object");
  const { from, final } = timesteps as unknown as { from: number; final: number };
  assert.deepEqual(others, {
    events: json.events,
    drift: json.drift,
    continuation: json.continuation,
    timesteps: { from, final },
    time: json.time,
    notes: json.notes,
  });
  near("score", score);
});

const READ_ARROW = `
import json, sys, pyarrow as pa
rows, score, metadata = [], [], {}
with pa.ipc.open_stream(sys.argv[1]) as reader:
    assert json.loads(reader.schema.metadata[b"residua"])["model"]["name"] == "waves"
    while True:
        try:
            batch, own = reader.read_next_batch_with_custom_metadata()
        except StopIteration:
            break
        batch.validate(full=True)
        rows.append(batch.num_rows)
        score += batch.column("score").to_pylist()
        metadata = {} if own is None else {k.decode(): json.loads(v) for k, v in own.items()}
print(json.dumps({"rows": rows, "score": score, "metadata": metadata}))
`;
