/** From data over HTTP to scores over HTTP, with a real server and a real training. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parquetWriteBuffer } from "hyparquet-writer";
import { writeWaves } from "../cli/residua-process.js";
import { DATA, type JobAnswer, JobPlace, modelsFolder, QUICK, serve } from "./job-service.js";
import { KINDS } from "./store-kinds.js";

/** The events of a stream, parsed. */
function eventsOf(text: string): { id: number; job: JobAnswer }[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("event: job\n"))
    .map((block) => {
      const [, id, data] = /^event: job\nid: (\d+)\ndata: (.*)$/s.exec(block)!;
      return { id: Number(id), job: JSON.parse(data!) as JobAnswer };
    });
}

for (const kind of KINDS) {
  test(`${kind.name}: a CSV becomes a model that scores, watched on the way`, {
    skip: kind.skip,
  }, async (t) => {
    const place = await JobPlace.make(t, kind);
    const service = await place.serve({ RESIDUA_POLL_SECONDS: "0" });
    const response = await service.order("pump", QUICK);
    assert.equal(response.status, 202, await response.clone().text());
    const accepted = (await response.json()) as JobAnswer;
    assert.equal(response.headers.get("location"), `/v1/jobs/${accepted.id}`);

    const stream = await service.fetch(`/v1/jobs/${accepted.id}/events`);
    assert.match(stream.headers.get("content-type") ?? "", /^text\/event-stream/);
    const events = eventsOf(await stream.text());
    const last = events.at(-1)!;
    assert.equal(last.job.state, "done", JSON.stringify(last.job));
    assert.equal(last.job.version, "1");
    assert.equal(last.job.problem, null);
    assert.equal(last.job.data?.rows, 400);
    // A fold and the last fit, of up to three epochs each, and every epoch is told.
    const epochs = events.flatMap(({ job }) => (job.progress === null ? [] : [job.progress.epoch]));
    assert.ok(new Set(epochs).has(1) && epochs.length >= 2, String(epochs));
    assert.deepEqual(
      events.map(({ id }) => id),
      events.map((_, index) => events[0]!.id + index),
    );
    // A client that comes back after the end has nothing more to get.
    const again = await service.fetch(`/v1/jobs/${accepted.id}/events`, {
      headers: { "last-event-id": String(last.id) },
    });
    assert.equal(again.status, 204);

    // Done means that the version answers here, also without polling.
    const scored = await service.fetch("/v1/models/pump/score", {
      method: "POST",
      body: JSON.stringify({
        series: Array.from({ length: 60 }, (_, row) => [Math.sin(row / 5), Math.cos(row / 5)]),
      }),
      headers: { "content-type": "application/json" },
    });
    assert.equal(scored.status, 200, await scored.clone().text());
    const listing = (await (await service.fetch("/v1/jobs")).json()) as { jobs: JobAnswer[] };
    assert.deepEqual(
      listing.jobs.map(({ id, state }) => [id, state]),
      [[accepted.id, "done"]],
    );
    assert.deepEqual(await place.leftovers(), []);
  });
}

test("JSON lines, Parquet and a JSON series are learnt from too, with labels", async (t) => {
  const service = await serve(t, await modelsFolder(t), { RESIDUA_MAX_JOBS: "2" });
  const rows = DATA.trim()
    .split("\r\n")
    .slice(1)
    .map((line) => line.split(";"));
  const lines = rows.map(([timestamp, sin, cos]) =>
    JSON.stringify({ timestamp, sin: Number(sin), cos: Number(cos) }),
  );
  const series = {
    columns: ["sin", "cos"],
    timestamps: rows.map(([time]) => time),
    series: rows.map(([, sin, cos], index) => [Number(sin), index === 7 ? null : Number(cos)]),
    labels: rows.map((_, index) => (index === 10 ? 1 : 0)),
  };
  const parquet = parquetWriteBuffer({
    columnData: [
      { name: "timestamp", data: rows.map(([time]) => time!) },
      { name: "sin", data: rows.map(([, sin]) => Number(sin)) },
      { name: "cos", data: rows.map(([, , cos]) => Number(cos)) },
    ],
  });
  const ids = [
    await service.accepted("parquet", QUICK, new Uint8Array(parquet), {
      "content-type": "application/vnd.apache.parquet",
    }),
    await service.accepted("lines", QUICK, `${lines.join("\n")}\n`, {
      "content-type": "application/x-ndjson",
    }),
    await service.accepted("series", QUICK, JSON.stringify(series), {
      "content-type": "application/json; charset=utf-8",
    }),
  ];
  for (const id of ids) {
    const job = await service.ended(id);
    assert.equal(job.state, "done", JSON.stringify(job.problem));
    assert.equal(job.data?.rows, 400);
  }
  const manifest = (await (await service.fetch("/v1/models/series/versions/1")).json()) as {
    features: { name: string }[];
  };
  assert.deepEqual(
    manifest.features.map(({ name }) => name),
    ["sin", "cos"],
  );
});

test("data that cannot be learnt from are a problem of the job, with the place", async (t) => {
  const service = await serve(t, await modelsFolder(t));
  const lines = DATA.split("\r\n");
  lines[301] = lines[301]!.replace(/;[^;]*$/, ";oops");
  const broken = await service.ended(await service.accepted("pump", QUICK, lines.join("\n")));
  assert.equal(broken.state, "failed");
  assert.equal(broken.problem?.code, "INVALID_DATA");
  assert.deepEqual(
    broken.problem?.errors?.map(({ path }) => path),
    ['line 302, column "cos"'],
  );
  assert.match(broken.problem?.detail ?? "", /"oops" is not a number \(`missing` oops takes it/);
  const flat = await service.ended(
    await service.accepted("pump", QUICK, '{"series": [1, 2]}', { "content-type": "application/json" }),
  );
  assert.deepEqual(
    flat.problem?.errors?.map(({ path }) => path),
    ["/series/0"],
  );
  const short = await service.ended(await service.accepted("pump", QUICK, writeWaves(4)));
  assert.equal(short.problem?.code, "INVALID_DATA", JSON.stringify(short));
  assert.equal((await service.fetch("/v1/models/pump")).status, 404);
});

test("a renewal is a job too, from which events are excluded", async (t) => {
  const service = await serve(t, await modelsFolder(t));
  const first = await service.ended(await service.accepted("pump", QUICK));
  assert.equal(first.state, "done", JSON.stringify(first.problem));
  const renew = async (model: string, query: string) => {
    const response = await service.fetch(`/v1/models/${model}/renewals?${query}`, {
      method: "POST",
      body: writeWaves(600),
      headers: { "content-type": "text/csv" },
    });
    return {
      status: response.status,
      answer: (await response.json()) as JobAnswer & { code: string; detail: string },
    };
  };
  const order = (events: string) =>
    renew("pump", `calibrate-only=true&promote=stable&exclude-events=${encodeURIComponent(events)}`);
  for (const [model, query, code, detail] of [
    ["pmup", "", "MODEL_NOT_FOUND", 'There is no model "pmup" to renew; there are pump.'],
    ["pump", "version=9", "VERSION_NOT_FOUND", 'Model "pump" has no version 9 to renew; it has 1.'],
  ] as const) {
    const { status, answer } = await renew(model, query);
    assert.deepEqual([status, answer.code, answer.detail], [404, code, detail]);
  }
  for (const [events, detail] of [
    ["[{", /^The option exclude-events cannot be "\[\{"\. It has to be JSON/],
    ['[{"start": 3}]', /^The option exclude-events cannot be .* Event 1 has to name its rows/],
  ] as const) {
    const { status, answer } = await order(events);
    assert.equal(status, 400);
    assert.match(answer.detail, detail);
  }
  const { status, answer } = await order(
    '[{"start": 10, "end": 19}, {"startTime": "2030-01-01T00:00:00Z", "endTime": "2030-01-02T00:00:00Z"}]',
  );
  assert.equal(status, 202, JSON.stringify(answer));
  const job = await service.ended(answer.id);
  assert.match(job.warnings.join(), /1 of 2 events to exclude covers no row/);
  // It is published where it is not worse; either end is one of a renewal that was run.
  if (job.state === "failed") assert.equal(job.problem?.code, "CONFLICT", JSON.stringify(job.problem));
  else assert.deepEqual([job.state, job.version], ["done", "2"]);
});
