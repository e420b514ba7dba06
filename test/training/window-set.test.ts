import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { prepareScoring } from "../../src/scoring/scoring-model.js";
import { createWindowSource, gatherWindows, spreadNumbers } from "../../src/training/window-reader.js";
import { type Split, splitDataset } from "../../src/training/window-set.js";
import { createDataFolder } from "../data/data-folder.js";

const folder = createDataFolder();
const { read } = folder;
before(folder.create);
after(folder.remove);

const all = { stride: 1, validation: 0, calibration: 0, minCoverage: 0.5 };

function starts({ fit }: Split): [series: number, start: number][] {
  return Array.from(fit.start, (start, i) => [fit.series[i]!, start]);
}

test("windows cross neither files nor gaps, and what is too short for one is told", async () => {
  const minute = [0, 1, 2, 3, 100, 101, 200, 201, 202];
  const text = `timestamp,x\n${minute.map((m, row) => `${m * 60},${row}`).join("\n")}\n`;
  const dataset = await read({ "a.csv": text, "b.csv": "timestamp,x\n0,0\n60,1\n120,2\n" });
  assert.equal(dataset.maxGapMs, 600_000);
  const split = splitDataset(dataset, { ...all, timesteps: 3 });
  assert.deepEqual(starts(split), [
    [0, 0],
    [0, 1],
    [0, 6],
    [1, 0],
  ]);
  assert.deepEqual(split.notes, [
    "A run of rows is shorter than a window of 3 and gives none (2 rows in all): a.csv rows 4-5.",
  ]);
  const wide = await read({ "a.csv": text }, { maxGapSeconds: 1e6 });
  assert.equal(splitDataset(wide, { ...all, timesteps: 3 }).fit.count, 7);
  assert.throws(
    () => splitDataset(dataset, { ...all, timesteps: 10 }),
    /The longest series has 9 rows, too few for one window of 10/,
  );
});

test("windows that touch a labelled row, or have too few readings, are in no part", async () => {
  const rows = Array.from(
    { length: 20 },
    (_, row) => `${row >= 12 && row < 16 ? "" : row},${row === 5 ? 1 : 0}`,
  );
  const dataset = await read({ "a.csv": `x,bad\n${rows.join("\n")}\n` }, { labelColumn: "bad" });
  const split = splitDataset(dataset, { ...all, timesteps: 4 });
  assert.deepEqual(
    starts(split).map(([, start]) => start),
    [0, 1, 6, 7, 8, 9, 10, 14, 15, 16],
  );
  assert.deepEqual(split.notes, [
    "1 row is labelled anomalous; the 4 windows that touch one are left out of fit, validation and calibration.",
    "3 windows with less than 50 % of their readings present are left out.",
  ]);
});

test("stride thins fit and validation, and calibration keeps every window", async () => {
  const dataset = await read({ "a.csv": `x\n${Array.from({ length: 200 }, (_, row) => row).join("\n")}\n` });
  const split = splitDataset(dataset, {
    stride: 5,
    timesteps: 4,
    validation: 0.2,
    calibration: 0.2,
    minCoverage: 0.5,
  });
  const of = (set: Split["fit"]) => [set.start[0], set.start[1], set.start[set.count - 1], set.count];
  assert.deepEqual(of(split.fit), [0, 5, 110, 23]);
  assert.deepEqual(of(split.validation), [117, 122, 152, 8]);
  assert.deepEqual(of(split.calibration), [160, 161, 196, 37]);
});

test("a window source gives scaled windows with gaps filled, by number", async () => {
  const dataset = await read({ "a.csv": "x,y\n0,10\n2,\n4,30\n6,40\n", "b.csv": "x,y\n8,50\n10,60\n" });
  const { fit } = splitDataset(dataset, { ...all, timesteps: 2 });
  assert.deepEqual([...gatherWindows(dataset, fit, 2, [3, 0])], [8, 50, 10, 60, 0, 10, 2, Number.NaN]);
  const source = createWindowSource(
    dataset,
    fit,
    prepareScoring({
      timesteps: 2,
      features: 2,
      heads: [],
      scaler: { kind: "standard", offset: [0, 10], scale: [2, 10] },
      clip: 3,
      minCoverage: 0.5,
    }),
  );
  assert.equal(source.count, 4);
  assert.deepEqual([...source.read([3, 0])], [3, 3, 3, 3, 0, 0, 1, 0]);
  assert.deepEqual([...spreadNumbers(10, 4)], [0, 2, 5, 7]);
  assert.deepEqual([...spreadNumbers(3, 4)], [0, 1, 2]);
});
