import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { normalRuns, settleTimesteps } from "../../src/training/window-length.js";
import { createDataFolder } from "../data/data-folder.js";

const folder = createDataFolder();
const { read } = folder;
before(folder.create);
after(folder.remove);

const auto = {
  architecture: { family: "dense", timesteps: "auto", units: [4], activation: "tanh" },
} as const;

test("runs end at gaps, files and rows labelled anomalous, which are in none", async () => {
  const minutes = [0, 1, 2, 3, 4, 100, 101, 102];
  const text = `timestamp,x,fault\n${minutes.map((m, row) => `${m * 60},${row},${row === 2 ? 1 : 0}`).join("\n")}\n`;
  const options = { labelColumn: "fault" };
  const dataset = await read({ "a.csv": text, "b.csv": "timestamp,x,fault\n0,7,1\n60,8,0\n" }, options);
  assert.deepEqual(
    normalRuns(dataset).map((run) => [...run]),
    [[0, 1], [3, 4], [5, 6, 7], [8]],
  );
});

test("auto takes the period of the normal rows, and says why; a number is taken as it is", async () => {
  const rows = Array.from({ length: 1200 }, (_, row) => Math.sin((2 * Math.PI * row) / 84).toFixed(4));
  const dataset = await read({ "a.csv": `load\n${rows.join("\n")}\n` });
  const { timesteps, chosen } = settleTimesteps(dataset, auto);
  assert.equal(timesteps, 84);
  assert.deepEqual([chosen?.period, chosen?.reason], [84, "84 = 1 x 84: the strongest period of `load`"]);
  const architecture = { ...auto.architecture, timesteps: 7 };
  assert.deepEqual(settleTimesteps(dataset, { architecture }), { timesteps: 7, chosen: undefined });
});

test("a handful of rows is too few to choose by", async () => {
  const dataset = await read({ "a.csv": "x\n1\n2\n3\n" });
  assert.throws(() => settleTimesteps(dataset, auto), /^InputError: There are too few normal rows/);
});
