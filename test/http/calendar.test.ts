/** A model that reads the hour and the weekday of each row: series need times, and windows have none. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { calendarContents, START_MS } from "../registry/calendar-contents.js";
import { connect, detailsOf } from "./grpc/grpc-client.js";
import { infer, input } from "./inference-client.js";
import { startService, WINDOW } from "./running-service.js";

interface Answer {
  readonly timesteps: Record<string, (number | number[] | null)[]>;
  readonly notes?: string[];
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: { path: string; message: string }[];
}

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
const rows = Array.from({ length: 30 }, (_, row) => [
  20 + 2 * Math.sin(row / 3),
  1e5 + 300 * Math.cos(row / 2),
]);
const timesFrom = (startMs: number, count = rows.length) =>
  Array.from({ length: count }, (_, row) => startMs + row * HOUR);
const include = ["timestepError", "reconstruction", "bounds"];

async function serve(t: TestContext, more: object = {}) {
  const contents = await calendarContents();
  const service = await startService(t, {
    contents: { small: { ...contents, ...more, sections: { ...contents.sections, ...more } } },
    config: { RESIDUA_GRPC_PORT: 0 },
  });
  const ask = async (body: object | string, status = 200, type?: string): Promise<Answer> => {
    const response = await service.score("small", body, type === undefined ? {} : { "content-type": type });
    const text = await response.text();
    assert.equal(response.status, status, text);
    return JSON.parse(text) as Answer;
  };
  return { service, ask };
}

test("the time of day and the day of the week count, and nothing else of the time", async (t) => {
  const { ask } = await serve(t);
  const at = async (startMs: number) =>
    (await ask({ series: rows, timestamps: timesFrom(startMs), include })).timesteps;
  const own = await at(START_MS);
  assert.ok(own["score"]!.every((score) => typeof score === "number"));
  assert.deepEqual(await at(START_MS + 3 * WEEK), own);
  // In Berlin, summer time began on March 31.
  assert.notDeepEqual((await at(START_MS + 5 * WEEK))["score"], own["score"]);
  assert.deepEqual((await at(START_MS + 5 * WEEK - HOUR))["score"], own["score"]);
  assert.notDeepEqual((await at(START_MS + 6 * HOUR))["score"], own["score"]);
  assert.notDeepEqual((await at(START_MS + 24 * HOUR))["score"], own["score"]);
});

test("a window scored among others has the score that it has alone", async (t) => {
  const { ask } = await serve(t);
  const timestamps = timesFrom(START_MS);
  const { timesteps } = await ask({ series: rows, timestamps, stride: 4, include });
  for (let from = 0; from + 4 <= rows.length; from += 4) {
    const part = { series: rows.slice(from, from + 4), timestamps: timestamps.slice(from, from + 4) };
    const alone = (await ask({ ...part, include })).timesteps;
    assert.deepEqual(timesteps["score"]!.slice(from, from + 4), alone["score"]);
    assert.deepEqual(timesteps["reconstruction"]!.slice(from, from + 4), alone["reconstruction"]);
  }
});

test("CSV with a column of times, Arrow, and the sample are answered alike", async (t) => {
  const { service, ask } = await serve(t);
  const timestamps = timesFrom(START_MS);
  const json = await ask({ series: rows, timestamps });
  const lines = rows.map((row, at) => [new Date(timestamps[at]!).toISOString(), ...row].join(","));
  const csv = await ask(["time,temperature,pressure", ...lines].join("\n"), 200, "text/csv");
  assert.deepEqual(csv.timesteps["score"], json.timesteps["score"]);
  const arrow = await service.score(
    "small",
    { series: rows, timestamps },
    { accept: "application/vnd.apache.arrow.stream" },
  );
  const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()));
  const near = [...table.getChild("score")] as number[];
  json.timesteps["score"]!.forEach((score, row) => {
    assert.ok(Math.abs(near[row]! - (score as number)) < 1e-5);
  });
  const sample = (await (await fetch(`${service.url}/v1/models/small/sample`)).json()) as object;
  await ask(sample);
});

test("a series without times is refused, in JSON, CSV and JSON lines, and the answer says why", async (t) => {
  const { ask } = await serve(t);
  const refused = await ask({ series: rows }, 400);
  assert.equal(refused.code, "INVALID_REQUEST");
  const message =
    "are needed: small 1 reads the hour and the weekday of each row; in CSV and in JSON lines of objects, as a column of times";
  assert.deepEqual(refused.errors, [{ path: "/timestamps", message }]);
  assert.deepEqual((await ask({ series: rows, continuation: "" }, 400)).errors, refused.errors);
  const csv = ["temperature,pressure", ...rows.map((row) => row.join(","))].join("\n");
  assert.deepEqual((await ask(csv, 400, "text/csv")).errors, refused.errors);
  const ndjson = rows.map((row) => JSON.stringify(row)).join("\n");
  assert.deepEqual((await ask(ndjson, 400, "application/x-ndjson")).errors, refused.errors);
});

test("windows have no times: native, over the Open Inference Protocol and gRPC", async (t) => {
  const { service, ask } = await serve(t);
  const sentence =
    "small 1 reads the hour and the weekday of each row, and windows have no times: send the rows as a series with timestamps.";
  const native = await ask({ windows: [WINDOW] }, 422);
  assert.equal(native.code, "UNSUPPORTED_BY_MODEL");
  assert.equal(native.detail, sentence);
  const open = await infer(service, "small", { inputs: [input()] });
  assert.equal(open.status, 422);
  assert.deepEqual(await open.json(), { error: sentence });
  const metadata = await (await fetch(`${service.url}/v2/models/small`)).json();
  const [described] = (metadata as { inputs: { shape: number[]; parameters: { calendar?: object } }[] })
    .inputs;
  assert.deepEqual(described!.shape, [-1, 4, 2]);
  assert.deepEqual(described!.parameters.calendar, {
    parts: ["hour", "weekday"],
    timeZone: "Europe/Berlin",
  });
  const client = connect(t, service.service.grpc!.port);
  const error = await client.refused("ModelInfer", {
    model_name: "small",
    inputs: [{ name: "windows", datatype: "FP32", shape: [1, 4, 2] }],
    raw_input_contents: [Buffer.from(new Float32Array(8).buffer)],
  });
  assert.equal(detailsOf(error).reason, "UNSUPPORTED_BY_MODEL");
  assert.equal(error.details, sentence);
});

test("rows that are resampled have the hours of the rows that they become", async (t) => {
  const data = {
    ...{ version: 1, features: [], sentinels: {} },
    reading: { resample: HOUR, aggregate: "mean" },
  };
  const { ask } = await serve(t, { data });
  const whole = await ask({ series: rows, timestamps: timesFrom(START_MS) });
  const halves = rows.flatMap((row) => [row, row]);
  const timestamps = halves.map((_, half) => START_MS + (half * HOUR) / 2 + (half % 2 === 0 ? 0 : 60_000));
  const { timesteps } = await ask({ series: halves, timestamps });
  assert.deepEqual(
    timesteps["score"],
    whole.timesteps["score"]!.flatMap((score) => [score, score]),
  );
});
