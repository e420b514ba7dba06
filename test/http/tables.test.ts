/** Series as CSV and JSON lines: the same answers as to and in JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { preferredType } from "../../src/http/accept.js";
import { type RunningService, startService } from "./running-service.js";
import { makeWaves, STEP_MS, serveTrained, writeWavesFile } from "./trained-service.js";

interface Answer {
  readonly model: object;
  readonly threshold: object | null;
  readonly timesteps: Record<string, (number | null)[]>;
  readonly events: object[];
  readonly time?: { unit: string | null; stepMs: number; gaps: number };
  readonly notes?: string[];
  readonly drift: object | null;
  readonly continuation?: string;
}

async function send(
  { url }: RunningService,
  body: string,
  query = "",
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/v1/models/waves/score${query}`, {
    method: "POST",
    headers: { "content-type": "text/csv", ...headers },
    body,
  });
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Answer;
}

/** What does not depend on the moment. */
function lasting(answer: Answer): object {
  const { timing: _timing, notes: _notes, ...rest } = answer as Answer & { timing: object };
  return rest;
}

const series = makeWaves(11, 500, (row) => (row >= 300 && row < 315 ? 2 : 0)).map((row) =>
  row.map((value) => Number(value.toFixed(4))),
);
const timestamps = series.map((_, row) => Date.UTC(2024, 0, 1) + row * STEP_MS);

test("CSV and JSON lines are scored as the same series in JSON, small or large", async (t) => {
  const service = await serveTrained(t);
  const { score } = service;
  const options = "?include=timestepError,bounds&threshold.falseAlarmRate=0.02&stride=2&last=450";
  const asJson = {
    include: ["timestepError", "bounds"],
    threshold: { falseAlarmRate: 0.02 },
    stride: 2,
    last: 450,
  };
  const plain = await answerOf(
    await score("waves", {
      series,
      timestamps: timestamps.map((ms) => new Date(ms).toISOString()),
      ...asJson,
    }),
  );
  const csv = writeWavesFile(series);
  const fromCsv = await answerOf(await send(service, csv, options));
  assert.deepEqual(lasting(fromCsv), lasting(plain));
  assert.deepEqual(fromCsv.time, { unit: null, stepMs: STEP_MS, gaps: 0 });
  // Another order of columns, another delimiter, more columns; and lines that are objects or arrays.
  const turned = series.map(
    ([sin, cos], row) => `${cos};x;${new Date(timestamps[row]!).toISOString()};${sin}`,
  );
  assert.deepEqual(
    lasting(await answerOf(await send(service, `cos;note;time;sin\n${turned.join("\n")}\n`, options))),
    lasting(plain),
  );
  const lines = { "content-type": "application/x-ndjson" };
  const objects = series.map(([sin, cos], row) =>
    JSON.stringify({ time: new Date(timestamps[row]!).toISOString(), cos, sin }),
  );
  assert.deepEqual(
    lasting(await answerOf(await send(service, `${objects.join("\n")}\n`, options, lines))),
    lasting(plain),
  );
  const arrays = series.map((row) => JSON.stringify(row)).join("\n");
  const { time: _time, ...untimed } = lasting(plain) as Answer;
  assert.deepEqual(lasting(await answerOf(await send(service, arrays, options, lines))), untimed);
  // Large enough for the thread.
  const many = makeWaves(12, 6000).map((row) => row.map((value) => Number(value.toFixed(4))));
  const large = writeWavesFile(many, { withTime: false });
  assert.ok(large.length > 64 * 1024);
  assert.deepEqual(
    lasting(await answerOf(await send(service, large))),
    lasting(await answerOf(await score("waves", { series: many }))),
  );
});

test("a stream may go on in CSV, and zoneless times are taken as UTC and said", async (t) => {
  const service = await serveTrained(t);
  const zoneless = (from: number, to: number) =>
    `time,sin,cos\n${series
      .slice(from, to)
      .map(([a, b], i) => {
        const time = new Date(timestamps[from + i]!).toISOString().slice(0, 19).replace("T", " ");
        return `${time},${a},${b}`;
      })
      .join("\n")}\n`;
  const one = await answerOf(await send(service, zoneless(0, 200), "?continuation="));
  assert.ok(one.notes!.includes("Times without a zone are taken as those of UTC."), String(one.notes));
  const { score } = service;
  const inCsv = await answerOf(
    await send(service, zoneless(200, 500), `?continuation=${encodeURIComponent(one.continuation!)}`),
  );
  const two = await answerOf(
    await score("waves", {
      series: series.slice(200),
      timestamps: timestamps.slice(200),
      continuation: one.continuation,
    }),
  );
  const whole = await answerOf(await score("waves", { series, timestamps }));
  const first = two.timesteps["from"] as unknown as number;
  assert.deepEqual(inCsv.timesteps, two.timesteps);
  assert.deepEqual(two.timesteps["score"], whole.timesteps["score"]!.slice(first));
  const zoned = await answerOf(await send(service, writeWavesFile(series)));
  assert.ok(!(zoned.notes ?? []).some((note) => note.includes("zone")));
});

test("a continuation too long for the query is refused, and told to go into a JSON body", async (t) => {
  const service = await serveTrained(t);
  const response = await send(service, "sin,cos\n1,2\n", `?continuation=${"A".repeat(17_000)}`);
  assert.equal(response.status, 431);
  assert.match(await response.text(), /16 KiB.*such as a continuation, go into the body of a JSON request/);
});

test("what is wrong with a table is said with line and column, and with an option by its name", async (t) => {
  const service = await serveTrained(t);
  const lines = { "content-type": "application/x-ndjson" };
  for (const [body, query, headers, status, path, detail] of [
    ["sin,cos\n1,2\n3,x4\n", "", {}, 400, 'line 3, column "cos"', /"x4" is not a number/],
    ["sin,other\n1,2\n", "", {}, 400, "", /no column "cos"/],
    // What helps is told to the sender of a request, who has no options of the command line.
    [
      "sin,cos\n1,2\n3,inf\n",
      "",
      {},
      400,
      'line 3, column "cos"',
      /number; a missing reading is an empty cell/,
    ],
    ["sin,cos\n1,2\n3,4\n5,1.2.3\n", "", {}, 400, 'line 4, column "cos"', /need the same decimal mark/],
    ['sin,cos\n"1,125",2\n"3,250",4\n', "", {}, 400, "", /write numbers with a decimal point/],
    ["time,sin,cos\nsoon,1,2\nlater,3,4\n", "", {}, 400, "", /write times as RFC 3339/],
    ["", "", {}, 400, "", /no rows/],
    ["sin,cos\n1,2\n", "", {}, 422, "/series", /at least 8 rows/],
    ["[1,2]\n[1]\n", "", lines, 400, "line 2", /has 1 readings/],
    ['{"sin":1,"cos":2}\n{"sin":\n{}\n', "", lines, 400, "line 2", /is not a JSON object/],
    [writeWavesFile(series), "?last=x", {}, 400, "/last", /In the query/],
    [writeWavesFile(series), "?include=everything", {}, 400, "/include/0", /In the query/],
    [
      writeWavesFile(series),
      "?threshold.falseAlarmRate=2",
      {},
      400,
      "/threshold/falseAlarmRate",
      /In the query/,
    ],
    [writeWavesFile(series), "?limit=2", {}, 400, "/limit", /query/],
    [
      '{"series":[]}',
      "?last=2",
      { "content-type": "application/json" },
      400,
      undefined,
      /members of its body/,
    ],
    [writeWavesFile(series), "?continuation=", { accept: "text/csv" }, 400, "/continuation", /no place/],
  ] as [string, string, Record<string, string>, number, string | undefined, RegExp][]) {
    const response = await send(service, body, query, headers);
    const problem = (await response.json()) as { detail: string; errors?: { path: string }[] };
    assert.equal(response.status, status, problem.detail);
    assert.match(problem.detail, detail);
    assert.doesNotMatch(problem.detail, / --\w/);
    assert.equal(problem.errors?.[0]?.path, path, problem.detail);
  }
});

test("an answer in CSV has a row a timestep, with the numbers of the JSON answer", async (t) => {
  const service = await serveTrained(t);
  const include = ["timestepError", "featureError", "reconstruction", "linear", "bounds"];
  const query = `?include=${include.join(",")}&threshold.value=0.9&last=70`;
  const json = await answerOf(await send(service, writeWavesFile(series), query));
  const response = await send(service, writeWavesFile(series), query, { accept: "text/csv" });
  assert.match(response.headers.get("content-type")!, /^text\/csv/);
  const [header, ...rows] = (await response.text()).trimEnd().split("\n");
  const names =
    "time,score,p_value,anomalous,timestep_error,sin,cos,sin.linear,cos.linear,sin.error,cos.error,sin.lower,cos.lower,sin.upper,cos.upper";
  assert.equal(header, names);
  assert.equal(rows.length, 70);
  const { score, pValue, anomalous, timestepError, featureError, reconstruction, linear, bounds } =
    json.timesteps as Record<string, never[]>;
  const { lower, upper } = bounds as unknown as Record<string, number[][]>;
  for (const [i, row] of rows.entries()) {
    const [time, ...cells] = row.split(",");
    assert.equal(time, new Date(timestamps[430 + i]!).toISOString());
    const wanted = [
      ...[score![i], pValue![i], Number(anomalous![i]), timestepError![i]],
      ...[reconstruction![i]!, linear![i]!, featureError![i]!, lower![i]!, upper![i]!].flat(),
    ];
    assert.deepEqual(cells.map(Number), wanted, `row ${i}`);
  }
});

test("the type that a client would rather have is chosen", () => {
  const offered = ["application/json", "application/x-ndjson", "text/csv"] as const;
  for (const [accept, wanted] of [
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["text/html", "application/json"],
    ["text/csv", "text/csv"],
    ["TEXT/CSV; header=present", "text/csv"],
    ["application/json, text/csv", "application/json"],
    ["application/json;q=0.5, text/csv", "text/csv"],
    ["text/csv;q=0, application/x-ndjson;q=0.1", "application/x-ndjson"],
    ["text/csv;q=x", "application/json"],
  ] as const) {
    assert.equal(preferredType(accept, offered), wanted, accept);
  }
});

test("a model without the section data reads CSV by its names", async (t) => {
  const { url, score } = await startService(t, { contents: { small: {} } });
  const rows = Array.from({ length: 12 }, (_, row) => [20 + row, 1e5 + row]);
  const response = await fetch(`${url}/v1/models/small/score`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: `pressure,temperature\n${rows.map(([a, b]) => `${b},${a}`).join("\n")}`,
  });
  assert.deepEqual(
    (await answerOf(response)).timesteps,
    (await answerOf(await score("small", { series: rows }))).timesteps,
  );
});
