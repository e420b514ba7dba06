import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { describeDifferences } from "../../src/data/compared-data.js";
import { dataSection, modelDatasetOptions, readDataSection } from "../../src/data/data-section.js";
import { createDataFolder } from "./data-folder.js";

const folder = createDataFolder();
before(folder.create);
after(folder.remove);

/** A file of one feature by machine. */
function write(
  rows: number,
  options: { stepMinutes?: number; scale?: number; missing?: number; machine?: string } = {},
) {
  const { stepMinutes = 15, scale = 1, missing = 0, machine = "a" } = options;
  const lines = Array.from({ length: rows }, (_, row) => {
    const time = new Date(Date.UTC(2024, 0, 1) + row * stepMinutes * 60_000).toISOString();
    return `${time},${machine},${row < missing ? "" : (20 + scale * Math.sin(row)).toFixed(3)}`;
  });
  return `time,machine,temp\n${lines.join("\n")}\n`;
}
const read = async (text: string) =>
  (await folder.read({ "a.csv": text }, { groupColumn: "machine" })).taken!;

test("step, range, missing readings and groups are compared with those of training", async () => {
  const trained = await read(write(200));
  assert.deepEqual(describeDifferences(trained, await read(write(150))), []);
  const differs = async (text: string) => describeDifferences(trained, await read(text)).join("\n");
  assert.match(
    await differs(write(200, { stepMinutes: 1 })),
    /^The step is 60 s, and that of the training data was 900 s/,
  );
  assert.match(
    await differs(write(200, { scale: 9 })),
    /^"temp" goes from 11 to 28\.999; in the training data/,
  );
  assert.match(
    await differs(write(200, { missing: 40 })),
    /^"temp": 20 % of the readings are missing; .* 0 % were/,
  );
  assert.match(
    await differs(write(200, { machine: "z" })),
    /^Groups that the model was not trained on: "z"\.$/,
  );
});

test("the section of a manifest holds how files are read, and what is given now comes first", async () => {
  const taken = await read(write(50));
  const section = dataSection(taken, {
    columns: ["temp"],
    labelColumn: undefined,
    groupColumn: "machine",
    missing: ["Bad"],
    delimiter: ";",
  });
  assert.deepEqual(section.reading, { groupColumn: "machine", missing: ["Bad"] });
  const kept = readDataSection({ data: JSON.parse(JSON.stringify(section)) });
  const options = modelDatasetOptions(kept, { missing: ["-1"], groupColumn: undefined });
  assert.deepEqual([options.groupColumn, options.missing, options.delimiter], ["machine", ["-1"], undefined]);
  assert.equal(options.usualTimeFormat, "YYYY-MM-DD hh:mm:ss");
  assert.equal(readDataSection({}), undefined);
  assert.equal(readDataSection({ data: { version: 99 } }), undefined);
});
