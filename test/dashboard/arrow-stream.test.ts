import assert from "node:assert/strict";
import { test } from "node:test";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { readArrowStream } from "../../src/dashboard/arrow-stream.js";
import { scoresOfAnswer } from "../../src/dashboard/series-data.js";
import { startService } from "../http/running-service.js";

const ARROW = "application/vnd.apache.arrow.stream";
const FEATURES = ["a", "b"];

test("an answer as Arrow holds what the answer as JSON does, over several batches, with missing readings", async (t) => {
  const { score, url } = await startService(t, { contents: { small: {} } });
  const { features } = (await (await fetch(`${url}/v1/models/small`)).json()) as {
    features: { name: string }[];
  };
  const series = Array.from({ length: 20_000 }, (_, row) => [
    row > 50 && row < 70 ? null : 20 + Math.sin(row / 9),
    row > 55 && row < 65 ? null : 1e5 + (row % 7),
  ]);
  const body = { series, include: ["timestepError", "featureError", "reconstruction"] };
  const response = await score("small", body, { accept: ARROW });
  assert.equal(response.headers.get("content-type"), ARROW);
  const table = readArrowStream(new Uint8Array(await response.arrayBuffer()));
  const names = features.map(({ name }) => name);
  const scores = scoresOfAnswer(table, names, "reconstruction");
  const json = (await (await score("small", body)).json()) as {
    model: object;
    threshold: object | null;
    timesteps: Record<string, (number | null)[]> & { anomalous: (boolean | null)[] };
    events: object[];
  };
  const { timesteps } = json;
  assert.deepEqual(scores.model, json.model);
  assert.deepEqual(scores.threshold, json.threshold);
  assert.deepEqual(scores.events, json.events);
  assert.equal(table.rows, series.length);
  const isNear = (found: ArrayLike<number>, wanted: readonly (number | null)[], within: number) => {
    assert.equal(found.length, wanted.length);
    for (let row = 0; row < wanted.length; row++) {
      if (wanted[row] === null) assert.ok(Number.isNaN(found[row]!), `row ${row}`);
      else
        assert.ok(
          Math.abs(found[row]! - wanted[row]!) <= within * Math.max(1, Math.abs(wanted[row]!)),
          `row ${row}`,
        );
    }
  };
  isNear(scores.score, timesteps["score"]!, 1e-6);
  isNear(scores.timestepError, timesteps["timestepError"]!, 1e-6);
  assert.ok(timesteps["score"]!.includes(null) === [...scores.score].some(Number.isNaN));
  assert.ok(timesteps["timestepError"]!.includes(null));
  assert.deepEqual(
    [...scores.anomalous].map((verdict) => (verdict === -1 ? null : verdict === 1)),
    timesteps.anomalous,
  );
  const rows = timesteps["reconstruction"] as unknown as (number[] | null)[];
  names.forEach((_, feature) => {
    isNear(
      scores.reconstruction![feature]!,
      rows.map((row) => row?.[feature] ?? null),
      1e-5,
    );
  });
});

test("a stream of another writer is read", () => {
  const values = Float64Array.of(1.5, -2, 1e300);
  const bytes = tableToIPC(tableFromArrays({ a: values, b: [true, false, null] }), { format: "stream" })!;
  const { rows, columns } = readArrowStream(new Uint8Array(bytes));
  assert.equal(rows, 3);
  assert.deepEqual(
    columns.map(({ name }) => name),
    FEATURES,
  );
  assert.deepEqual([...columns[0]!.values], [...values]);
  assert.deepEqual([...columns[1]!.values], [1, 0, -1]);
  assert.throws(() => readArrowStream(new Uint8Array(bytes.slice(0, bytes.length - 8))), /cut off/);
});
