import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { startService } from "./running-service.js";

interface Readings {
  readonly features: string[];
  readonly notes: string[];
  readonly maxGapMs: number | null;
  readonly series: {
    readonly group: string | null;
    readonly rows: number;
    readonly timestamps: number[] | null;
    readonly readings: (number | null)[][];
  }[];
}

async function serve(t: Parameters<typeof startService>[0]) {
  const running = await startService(t, { contents: { small: {} } });
  const names = (
    (await (await fetch(`${running.url}/v1/models/small`)).json()) as { features: { name: string }[] }
  ).features.map(({ name }) => name);
  const post = (body: string | Uint8Array, query = "", headers = {}) =>
    fetch(`${running.url}/v1/models/small/readings${query}`, {
      method: "POST",
      headers: { "content-type": "text/csv", ...headers },
      body,
    });
  return { ...running, names, post };
}

test("a file's readings are answered by feature in the model's order, in order of time, null where one is missing", async (t) => {
  const { names, post } = await serve(t);
  const csv = `time,${names[1]},${names[0]}\n2024-01-01T00:10:00Z,3,2.5\n2024-01-01T00:00:00Z,1,\n2024-01-01T00:05:00Z,2,1.5\n`;
  for (const [body, headers] of [
    [csv, {}],
    [gzipSync(csv), { "content-encoding": "gzip" }],
  ] as const) {
    const response = await post(body, "", headers);
    assert.equal(response.status, 200);
    const { features, series, notes } = (await response.json()) as Readings;
    assert.deepEqual(features, names);
    assert.equal(series.length, 1);
    assert.deepEqual(series[0], {
      group: null,
      rows: 3,
      timestamps: [0, 300_000, 600_000].map((ms) => Date.UTC(2024, 0, 1) + ms),
      readings: [
        [null, 1.5, 2.5],
        [1, 2, 3],
      ],
    });
    assert.ok(notes.some((note) => /order/.test(note)));
  }
});

test("a long file is answered whole", async (t) => {
  const { names, post } = await serve(t);
  const rows = Array.from({ length: 10_000 }, (_, row) => `${row},${row * 2}`);
  const { series } = (await (await post(`${names.join(",")}\n${rows.join("\n")}\n`)).json()) as Readings;
  assert.equal(series[0]!.timestamps, null);
  assert.equal(series[0]!.readings[1]![9999], 19_998);
});

test("Parquet is read as CSV is", async (t) => {
  const { names, post } = await serve(t);
  const body = new Uint8Array(
    parquetWriteBuffer({
      columnData: names.map((name, index) => ({
        name,
        data: Float64Array.from({ length: 40_000 }, (_, row) => (row % 7) + index / 2),
        type: "DOUBLE",
      })),
    }),
  );
  const response = await post(body, "?file=waves.parquet", { "content-type": "application/octet-stream" });
  const { series } = (await response.json()) as Readings;
  assert.deepEqual([response.status, series[0]?.rows], [200, 40_000]);
  assert.deepEqual(series[0]?.readings[1]?.slice(0, 3), [0.5, 1.5, 2.5]);
  const cut = await post(body.subarray(0, body.length - 100), "?file=waves.parquet");
  assert.equal(cut.status, 400);
  assert.match(await cut.text(), /waves\.parquet is damaged/);
});

test("what cannot be read is said by the name that the sender gives", async (t) => {
  const { post } = await serve(t);
  const detail = async (body: string, query: string) => {
    const response = await post(body, query);
    assert.equal(response.status, 400);
    return ((await response.json()) as { detail: string }).detail;
  };
  assert.match(await detail("x,y\n1,2\n3,4\n", "?file=week.csv"), /^week\.csv has no column/);
  assert.match(await detail("x,y\n1,2\n3,4\n", "?file=..%2F..%2Fetc%2Fpasswd"), /^passwd has no column/);
  assert.match(await detail("x,y\n1,2\n3,4\n", ""), /^body has no column/);
  assert.match(await detail("", ""), /empty/);
});
