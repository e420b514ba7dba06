import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createDataFolder } from "./data-folder.js";

const folder = createDataFolder();
const { read } = folder;
before(folder.create);
after(folder.remove);

test("features are the numeric columns of the first file, in its order, wherever they stand in the others", async () => {
  const dataset = await read(
    {
      "a.csv": "time,x,y,note,anomaly\n1,1,10,fine,0\n2,2,20,fine,0\n",
      "b.csv": "y;time;x\n30;1;3\n",
    },
    { labelColumn: "anomaly" },
  );
  assert.deepEqual(dataset.features, ["x", "y"]);
  assert.deepEqual(
    dataset.series.map(({ values }) => [...values]),
    [
      [1, 10, 2, 20],
      [3, 30],
    ],
  );
  const elapsed =
    '"time" is taken as elapsed time: it orders the rows and shows gaps, and is not learnt from.';
  assert.deepEqual(dataset.notes, [
    `a.csv: ${elapsed}`,
    'a.csv: "note" is left out: it holds text, such as "fine".',
    `b.csv: ${elapsed}`,
  ]);
  await assert.rejects(read({ "a.csv": "x,y\n1,2\n", "b.csv": "x\n1\n" }), /b\.csv has no column "y"/);
  await assert.rejects(read({ "a.csv": "x\n1\n" }, { labelColumn: "bad" }), /No file has a column "bad"/);
  await assert.rejects(read({ "a.csv": "x\nhi\n" }), /a\.csv has no column of numbers/);
});

test("groups become series of their own, rows in order of time", async () => {
  const dataset = await read(
    { "a.csv": "timestamp,g,x\n10,u,1\n10,v,5\n30,u,3\n20,u,2\n20,v,6\n" },
    { groupColumn: "g" },
  );
  assert.deepEqual(
    dataset.series.map(({ group, values, fileRows }) => [group, [...values], [...fileRows]]),
    [
      ["u", [1, 2, 3], [0, 3, 2]],
      ["v", [5, 6], [1, 4]],
    ],
  );
  assert.match(dataset.notes.join(), /the time goes back once/);
});

test("what looks like a label is told, what only counts is no feature, a rising signal is one", async () => {
  const rows = Array.from(
    { length: 30 },
    (_, row) => `${row},${1000 + row * 3},${row * 0.5 + (row % 3) / 10},${row % 2}`,
  ).join("\n");
  const dataset = await read({ "a.csv": `index,beat,level,is_anomaly\n${rows}\n` });
  assert.deepEqual(dataset.features, ["level", "is_anomaly"]);
  assert.deepEqual(dataset.notes.slice(0, 2), [
    'a.csv: "index" is left out: it counts up by 1, as an index or a clock does.',
    'a.csv: "beat" is left out: it counts up by 3, as an index or a clock does.',
  ]);
  assert.match(dataset.notes[2]!, /"is_anomaly" would be learnt from/);
  const chosen = await read(
    { "a.csv": `index,level\n${rows.replace(/,[^,]*,[^,]*$/gm, "")}\n` },
    { columns: ["index"] },
  );
  assert.deepEqual(chosen.features, ["index"]);
});
