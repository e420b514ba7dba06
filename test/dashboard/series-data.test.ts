import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  rowAt,
  rowsOfFile,
  rowsOfSample,
  type SeriesRows,
  scoreRequestText,
} from "../../src/dashboard/series-data.js";

const rows: SeriesRows = {
  name: "x.csv",
  features: ["a", "b"],
  rows: 3,
  timesMs: Float64Array.of(1000, 2000, 9000),
  maxGapMs: 5000,
  readings: [Float64Array.of(1, Number.NaN, 3), Float64Array.of(4, 5.5, 6)],
  notes: [],
};

test("the request for rows is JSON, with null for a missing reading", () => {
  assert.deepEqual(JSON.parse([...scoreRequestText(rows, ["featureError"])].join("")), {
    include: ["featureError"],
    timestamps: [1000, 2000, 9000],
    maxGapMs: 5000,
    series: [
      [1, 4],
      [null, 5.5],
      [3, 6],
    ],
  });
  const standing = { ...rows, timesMs: Float64Array.of(1000, 1000, 9000) };
  assert.equal("timestamps" in JSON.parse([...scoreRequestText(standing, [])].join("")), false);
});

test("a long series is asked for in pieces that join to one body", () => {
  const count = 20_000;
  const long = { ...rows, rows: count, timesMs: undefined, readings: [new Float64Array(count).fill(1)] };
  const pieces = [...scoreRequestText(long, [])];
  assert.ok(pieces.length > 3);
  assert.equal(JSON.parse(pieces.join("")).series.length, count);
});

test("files have a series a group, samples their windows one after the other", () => {
  const series = [
    { group: "one", rows: 2, timestamps: [1, 2], readings: [[1, null]] },
    { group: null, rows: 1, timestamps: null, readings: [[7]] },
  ];
  const read = rowsOfFile("f.csv", { features: ["a"], maxGapMs: null, notes: ["n"], series });
  assert.deepEqual(
    read.map(({ name, rows: count, timesMs }) => [name, count, timesMs?.length]),
    [
      ["f.csv, one", 2, 2],
      ["f.csv", 1, undefined],
    ],
  );
  assert.deepEqual([...read[0]!.readings[0]!], [1, Number.NaN]);
  const sample = rowsOfSample("s", ["a", "b"], {
    windows: [
      [
        [1, 2],
        [3, null],
      ],
      [[5, 6]],
    ],
  });
  assert.deepEqual([...sample.readings[0]!], [1, 3, 5]);
  assert.deepEqual([...sample.readings[1]!], [2, Number.NaN, 6]);
  assert.deepEqual([...rowsOfSample("s", ["a"], { series: [[1], [2]] }).readings[0]!], [1, 2]);
});

test("the row at a time is the nearest one", () => {
  assert.deepEqual(
    [0, 1400, 1600, 5600, 99_999].map((time) => rowAt(rows, time)),
    [0, 0, 1, 2, 2],
  );
  fc.assert(
    fc.property(fc.nat(2), (row) => {
      assert.equal(rowAt(rows, rows.timesMs![row]!), row);
      assert.equal(rowAt({ timesMs: undefined, rows: 3 }, row), row);
    }),
  );
});
