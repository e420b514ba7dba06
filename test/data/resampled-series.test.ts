/** Data sets whose rows are brought to one step in time. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { describeDifferences } from "../../src/data/compared-data.js";
import { dataSection, modelDatasetOptions } from "../../src/data/data-section.js";
import { datasetOptions } from "../../src/data/reading-options.js";
import { readCase } from "./case-files.js";
import { createDataFolder } from "./data-folder.js";

const folder = createDataFolder();
before(() => folder.create());
after(() => folder.remove());

const QUARTER = { resampling: { stepMs: 900_000, aggregate: "mean" } } as const;
const minute = (row: number) => new Date(Date.UTC(2024, 2, 1) + row * 60_000).toISOString();

test("rows of every minute become those of every 15, with their labels and rows", async () => {
  const lines = Array.from({ length: 60 }, (_, row) => `${minute(row)},${row},${row === 20 ? 1 : 0}`);
  const dataset = await folder.read(
    { "m.csv": `time,x,label\n${lines.join("\n")}\n` },
    { ...QUARTER, labelColumn: "label" },
  );
  const [series] = dataset.series;
  assert.deepEqual([...series!.values], [7, 22, 37, 52]);
  assert.deepEqual([...series!.anomalous!], [0, 1, 0, 0]);
  assert.deepEqual([...series!.fileRows], [0, 15, 30, 45]);
  assert.equal(dataset.maxGapMs, 9_000_000);
  assert.deepEqual(dataset.taken!.resampled, { stepMs: 900_000, aggregate: "mean", rows: 4 });
  assert.equal(dataset.taken!.time!.stepMs, 60_000);
  assert.deepEqual(dataset.notes, ["60 rows are resampled to 4 (mean of every 900 s)."]);
});

test("sentinels are out before rows are resampled, and groups are resampled apart", async () => {
  const lines = Array.from({ length: 120 }, (_, row) => {
    const machine = row % 2 === 0 ? "a" : "b";
    const value = row % 20 === 6 ? -9999 : machine === "a" ? 10 + (row % 3) : 20 + (row % 3);
    return `${minute(row >> 1)},${machine},${value}`;
  });
  const dataset = await folder.read(
    { "g.csv": `time,machine,x\n${lines.join("\n")}\n` },
    { ...QUARTER, groupColumn: "machine" },
  );
  assert.deepEqual(
    dataset.series.map(({ group, rows }) => [group, rows]),
    [
      ["a", 4],
      ["b", 4],
    ],
  );
  for (const { group, values } of dataset.series) {
    for (const value of values) assert.ok(Math.abs(value - (group === "a" ? 11 : 21)) <= 1, `${value}`);
  }
});

test("irregular rows: empty steps have no reading; a gap stays one; sparse rows are noted", async () => {
  const at = [0, 3, 6, 40, 41, 400];
  const lines = at.map((row) => `${minute(row)},${row}`);
  const text = `time,x\n${lines.join("\n")}\n`;
  const { series, notes } = await folder.read({ "i.csv": text }, QUARTER);
  assert.deepEqual([...series[0]!.values], [3, Number.NaN, 40.5, 400]);
  assert.deepEqual(notes, ["6 rows are resampled to 4 (mean of every 900 s, 1 of them without readings)."]);
  const sparse = await folder.read({ "i.csv": text }, { resampling: { stepMs: 1000, aggregate: "last" } });
  assert.match(
    sparse.notes.at(-1)!,
    /^The rows are 180 s apart, farther than the 1 s that they are resampled to/,
  );
});

test("a model's resampling holds for other files unasked, and the step is then no difference", async () => {
  const options = {
    columns: undefined,
    labelColumn: undefined,
    resample: 900_000,
    aggregate: "median",
  } as const;
  const trained = await readCase("01_plain.csv", datasetOptions(options));
  const section = dataSection(trained.taken!, options);
  assert.deepEqual(section.reading, { resample: 900_000, aggregate: "median" });
  const now = await readCase("45_one_minute.csv", modelDatasetOptions(section, {}));
  assert.deepEqual(now.resampling, { stepMs: 900_000, aggregate: "median" });
  assert.deepEqual(
    describeDifferences(section, now.taken!).filter((note) => note.includes("step")),
    [],
  );
  const unresampled = await readCase("45_one_minute.csv");
  assert.match(describeDifferences(section, unresampled.taken!)[0]!, /^The step is 60 s/);
});

test("what cannot be resampled is refused", async () => {
  await assert.rejects(folder.read({ "n.csv": "x,y\n1,2\n3,1\n" }, QUARTER), {
    message: "n.csv has no time column that is known, and --resample needs one.",
  });
  assert.throws(() => datasetOptions({ aggregate: "max" }), /--aggregate needs --resample/);
});
