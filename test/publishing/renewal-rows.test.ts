import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InputError } from "../../src/errors.js";
import { excludeEvents, holdOut, parseEvents } from "../../src/publishing/renewal-rows.js";
import { createDataFolder } from "../data/data-folder.js";

const folder = createDataFolder();
before(folder.create);
after(folder.remove);

/** Two groups, row by row in turn, a row each minute; labels where asked for. */
function table(rows: number): string {
  const lines = ["time,unit,value,fault"];
  for (let row = 0; row < rows; row++) {
    const time = new Date(Date.UTC(2024, 0, 1) + row * 60_000).toISOString();
    lines.push(`${time},${row % 2 === 0 ? "a" : "b"},${row},${row === 4 ? 1 : 0}`);
  }
  return `${lines.join("\n")}\n`;
}

const READING = { columns: ["value"], groupColumn: "unit", labelColumn: "fault" };

function marked(labels: Uint8Array | undefined): number[] {
  return [...(labels ?? [])].flatMap((label, row) => (label === 1 ? [row] : []));
}

test("events count by rows of their file and group, or by time in other files, beside the labels", async () => {
  const dataset = await folder.read({ "a.csv": table(40) }, READING);
  const notes: string[] = [];
  const times = { startTime: "2024-01-01T00:30:00Z", endTime: "2024-01-01 00:33" };
  const { series } = excludeEvents(
    dataset,
    parseEvents({
      events: [
        { file: "a.csv", start: 10, end: 13 },
        { file: "a.csv", group: "b", start: 20, end: 23 },
        { file: "other.csv", start: 0, end: 9, ...times },
        { file: "other.csv", start: 0, end: 9 },
      ],
    }),
    (note) => notes.push(note),
  );
  assert.deepEqual(marked(series[0]!.anomalous), [2, 5, 6, 15, 16]);
  assert.deepEqual(marked(series[1]!.anomalous), [5, 6, 10, 11, 15, 16]);
  assert.deepEqual(marked(dataset.series[0]!.anomalous), [2], "the data set itself stays");
  assert.match(notes.join(), /^1 of 4 events to exclude covers no row/);
});

test("rows count from the first of the file where a range was read", async () => {
  const dataset = await folder.read(
    { "a.csv": table(40) },
    { columns: ["value"], rows: { from: 10, to: 30 } },
  );
  const { series } = excludeEvents(dataset, parseEvents([{ file: "a.csv", start: 12, end: 13 }]));
  assert.deepEqual(marked(series[0]!.anomalous), [2, 3]);
});

test("events without a file are of the data themselves: by their times, else by their rows", async () => {
  const dataset = await folder.read({ "a.csv": table(40) }, READING);
  const times = { startTime: "2024-01-01T00:30:00Z", endTime: "2024-01-01T00:31:00Z" };
  const { series } = excludeEvents(
    dataset,
    parseEvents([{ start: 10, end: 11 }, times, { start: 0, end: 3, group: "b", ...times }]),
  );
  assert.deepEqual(marked(series[0]!.anomalous), [2, 5, 15]);
  assert.deepEqual(marked(series[1]!.anomalous), [5, 15]);
  const two = await folder.read({ "a.csv": table(40), "b.csv": table(40) }, READING);
  assert.throws(() => excludeEvents(two, parseEvents([{ start: 1, end: 2 }])), /has to name one of them/);
  for (const wrong of [
    {},
    { start: 3 },
    { start: 3, end: 2 },
    { file: 7, start: 1, end: 2 },
    { file: "a", ...times },
  ]) {
    assert.throws(() => parseEvents([wrong]), InputError, JSON.stringify(wrong));
  }
});

test("the newest fifth is held out, a window less one row is purged before it, and short series stay whole", async () => {
  const dataset = await folder.read({ "long.csv": table(200), "short.csv": table(30) }, READING);
  const { learnt, heldOut } = holdOut(dataset, 5);
  assert.deepEqual(
    learnt.series.map(({ rows }) => rows),
    [76, 76, 15, 15],
  );
  assert.deepEqual(
    heldOut.series.map(({ rows, values, fileRows }) => [rows, values[0], fileRows[0], values.length]),
    [
      [20, 160, 160, 20],
      [20, 161, 161, 20],
    ],
  );
  assert.equal(learnt.series[0]!.anomalous!.length, 76);
  assert.throws(
    () => holdOut(dataset, 50),
    /The longest series has 100 rows, too few .* 250 rows are needed/,
  );
});
