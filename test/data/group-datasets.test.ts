import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { readDataset } from "../../src/data/dataset.js";
import { readGroups } from "../../src/data/group-datasets.js";

/** Writes files into a folder that is removed when the test is over. */
async function createFolder(t: TestContext): Promise<(name: string, text: string) => Promise<string>> {
  const folder = await mkdtemp(join(tmpdir(), "residua-groups-"));
  t.after(() => rm(folder, { recursive: true }));
  return async (name, text) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
}

const HEADER = "time,machine,flow,heat\n";
const minute = (at: number) => new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString();

test("the data set of a group is that of files with its rows alone", async (t) => {
  const write = await createFolder(t);
  const row = fc.record({
    machine: fc.constantFrom("a", "b", "c"),
    at: fc.integer({ min: 0, max: 500 }),
    flow: fc.double({ min: -5, max: 5, noNaN: true }),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
      const lines = rows.map(({ machine, at, flow }) => ({
        machine,
        line: `${minute(at)},${machine},${flow},${at % 7}\n`,
      }));
      const name = `fleet${run++}.csv`;
      const all = await write(name, HEADER + lines.map(({ line }) => line).join(""));
      const options = { groupColumn: "machine", columns: ["flow", "heat"], timeColumn: "time" };
      const { groups } = await readGroups([all], options);
      assert.deepEqual(
        groups.map(({ value }) => value),
        [...new Set(rows.map(({ machine }) => machine))],
      );
      for (const { value, rows: count, make } of groups) {
        const own = lines.filter(({ machine }) => machine === value).map(({ line }) => line);
        const alone = await readDataset([await write(`alone-${name}`, HEADER + own.join(""))], options);
        const dataset = make();
        assert.equal(count, own.length);
        assert.equal(dataset.maxGapMs, alone.maxGapMs);
        const plain = ({ series }: typeof alone) => series.map(({ file: _, ...others }) => others);
        assert.deepEqual(plain(dataset), plain(alone));
        const { notes: _, ...taken } = dataset.taken!;
        const { notes: __, ...expected } = alone.taken!;
        assert.deepEqual(taken, expected);
      }
    }),
    { numRuns: 30 },
  );
});

test("a group in several files has a series of each; rows without a value are said", async (t) => {
  const write = await createFolder(t);
  const lines = (machines: string[]) =>
    HEADER + machines.map((machine, at) => `${minute(at)},${machine},${at * 1.5},${at % 3}\n`).join("");
  const one = await write("one.csv", lines(["a", "b", "", "b"]));
  const two = await write("two.csv", lines(["b", "b", "b"]));
  const options = { groupColumn: "machine", columns: ["flow", "heat"] };
  const { notes, groups } = await readGroups([one, two], options);
  assert.match(notes.join("\n"), /^one\.csv: 1 row has no value in column "machine", and no model\.$/m);
  assert.deepEqual(
    groups.map(({ value, rows, sha256 }) => [value, rows, sha256.length]),
    [
      ["a", 1, 1],
      ["b", 5, 2],
    ],
  );
  const { series } = groups[1]!.make();
  assert.deepEqual(
    series.map(({ file, group, rows }) => [file, group, rows]),
    [
      ["one.csv", "b", 2],
      ["two.csv", "b", 3],
    ],
  );
  const none = await write("none.csv", lines(["", ""]));
  await assert.rejects(readGroups([none], options), /^InputError: No row has a value in column "machine"\.$/);
});

test("a number that stands for no reading is found by group, and a place in the file is that of the whole file", async (t) => {
  const write = await createFolder(t);
  const lines = ["time,machine,flow"];
  // The clock of machine b goes back by an hour after its 50th row.
  for (let at = 0; at < 100; at++) {
    lines.push(`${minute(at).slice(0, 19)},a,${at % 10 === 0 ? -9999 : Math.sin(at).toFixed(3)}`);
    lines.push(`${minute(at < 50 ? at + 20 : at - 40).slice(0, 19)},b,${Math.cos(at).toFixed(3)}`);
  }
  const csv = await write("fleet.csv", `${lines.join("\n")}\n`);
  const { notes, groups } = await readGroups([csv], { groupColumn: "machine" });
  const [a, b] = groups.map(({ make }) => make());
  assert.deepEqual([a!.taken!.sentinels, b!.taken!.sentinels], [{ flow: [-9999] }, {}]);
  assert.match(a!.notes.join("\n"), /"flow": -9999 \(10 rows\) is taken for a missing reading/);
  assert.match(b!.notes.join("\n"), /a local clock was set back by an hour once \(.*, row 101\)/);
  for (const note of notes) assert.ok(!a!.notes.includes(note) && a!.taken!.notes.includes(note));
});
