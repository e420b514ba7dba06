import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWorkplace } from "./residua-process.js";

const QUICK = ["--timesteps", "8", "--units", "8", "--epochs", "3", "--folds", "1"];

/** Rows of machines that stand one behind the other at each time; each has a wave, and a step in time, of its own. */
function fleet(rows: Readonly<Record<string, number>>, only?: string): string {
  const machines = Object.entries(rows);
  const most = Math.max(...Object.values(rows));
  const lines = ["time,machine,flow,heat"];
  for (let row = 0; row < most; row++) {
    machines.forEach(([machine, count], index) => {
      if (row >= count || (only !== undefined && machine !== only)) return;
      const time = new Date(Date.UTC(2026, 0, 1) + row * 60_000 * (index + 1)).toISOString();
      const at = row / (4 + index);
      lines.push(`${time},${machine},${(Math.sin(at) * (index + 1)).toFixed(4)},${Math.cos(at).toFixed(4)}`);
    });
  }
  return `${lines.join("\n")}\n`;
}

test("a model for each machine: the bytes of one trained on its rows alone; what is there already stays", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const rows = { "Pump A": 300, "b/2": 260, tiny: 6 };
  const csv = await write("fleet.csv", fleet(rows));
  const args = ["train", csv, "--name", "fleet", "--each", "machine", ...QUICK];
  const first = await residua([...args, "--quiet"]);
  assert.equal(first.status, 1, first.err);
  assert.match(first.out, /^machine "Pump A", 1 of 3: model fleet\.pump-a$/m);
  assert.match(
    first.out,
    /\nmachine +model +version +rows +result\nPump A +fleet\.pump-a +1 +300 +published\nb\/2 +fleet\.b-2 +1 +260 +published\ntiny +fleet\.tiny +- +6 +failed\n$/,
  );
  assert.match(
    first.err,
    /\nmachine "tiny": The longest series has 6 rows, .*\.\n1 of 3 models failed; nothing of them is published\.\n$/,
  );
  assert.match(first.err, /^Note: fleet\.b-2: The false-alarm rate of /m);
  assert.doesNotMatch(first.out, /^feature +unit/m);
  assert.deepEqual((await readdir(models)).sort(), ["fleet.b-2", "fleet.pump-a"]);

  const alone = await write("alone.csv", fleet(rows, "b/2"));
  const single = await residua(["train", alone, "--name", "alone", "--group-column", "machine", ...QUICK]);
  assert.equal(single.status, 0, single.err);
  for (const file of ["weights.bin", "model.json", "calibration.bin", "golden.json", "sample.json"]) {
    const bytes = (name: string) => readFile(join(models, name, "1", file));
    assert.ok((await bytes("fleet.b-2")).equals(await bytes("alone")), file);
  }
  const manifest = JSON.parse(await readFile(join(models, "fleet.b-2", "1", "manifest.json"), "utf8"));
  assert.deepEqual(manifest.data.group, { column: "machine", values: ["b/2"], rows: [260] });
  assert.deepEqual([manifest.data.rows, manifest.data.time.stepMs], [260, 120_000]);
  assert.equal(manifest.training.each.value, "b/2");

  const again = await residua(args);
  assert.equal(again.status, 1);
  assert.match(again.out, /model fleet\.b-2\nversion 1 was trained on the same files .* and stays\n/);
  assert.match(
    again.out,
    /\nPump A +fleet\.pump-a +1 +300 +unchanged\nb\/2 +fleet\.b-2 +1 +260 +unchanged\n/,
  );

  // What is damaged is no model that could stay.
  await writeFile(join(models, "fleet.b-2", "1", "weights.bin"), "damaged");
  const repaired = await residua(args);
  assert.match(repaired.out, /\nPump A .* unchanged\nb\/2 +fleet\.b-2 +2 +260 +published\n/);

  const other = await residua([...args, "--seed", "2"]);
  assert.match(
    other.out,
    /\nPump A +fleet\.pump-a +2 +300 +published\nb\/2 +fleet\.b-2 +3 +260 +published\n/,
  );
});

test("a run that is killed, or stopped by Ctrl-C, goes on where it ended; reports have the names of their models", async (t) => {
  const { write, residua, models, folder } = await createWorkplace(t);
  const csv = await write("fleet.csv", fleet({ a: 200, b: 200, c: 200 }));
  const report = join(folder, "out.html");
  const args = ["train", csv, "--name", "m", "--each", "machine", ...QUICK, "--report", report];
  let isKilled = false;
  await residua(args, {
    onOutput: (out, kill) => {
      if (isKilled || !out.includes("model m.b\n")) return;
      isKilled = true;
      kill("SIGKILL");
    },
  });
  assert.ok(existsSync(join(models, "m.a", "1")));
  assert.ok(existsSync(join(folder, "out.a.html")));
  assert.ok(!existsSync(join(models, "m.c")));

  let isStopped = false;
  const long = ["--epochs", "100000", "--patience", "0"];
  const stopped = await residua([...args, ...long], {
    onOutput: (out, kill) => {
      if (isStopped || !out.includes("epoch 2/")) return;
      isStopped = true;
      kill("SIGINT");
    },
  });
  assert.equal(stopped.status, 1);
  assert.match(stopped.out, /\na +m\.a +- +200 +not reached\nb +m\.b .*\nc +m\.c +- +200 +not reached\n$/);
  assert.match(
    stopped.err,
    /\nTraining was stopped with 3 of 3 models not reached; the same command goes on .*\.\n$/,
  );
  assert.ok(!existsSync(join(models, "m.a", "2")));

  const last = await residua(args);
  assert.equal(last.status, 0, last.err);
  assert.match(
    last.out,
    /\na +m\.a +1 +200 +unchanged\nb +m\.b +\d +200 +\w+\nc +m\.c +1 +200 +published\n$/,
  );
});

test("names that collide or cannot be, and options against each other, are refused before anything is trained", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  const csv = await write("same.csv", fleet({ "Pump 1": 100, "pump-1": 100 }));
  const each = ["train", csv, "--name", "m", "--each", "machine", ...QUICK];
  const refused: [string[], number, RegExp][] = [
    [
      each,
      1,
      /^The groups "Pump 1" and "pump-1" of column "machine" would both be the model m\.pump-1: nothing is trained; rename one of them in the data\.\n$/,
    ],
    [
      [...each, "--name", "m".repeat(60)],
      1,
      /^The group "Pump 1" of column "machine" would be the model "m+\.pump-1", which cannot be: a name has 1 to 63 .*\n$/,
    ],
    [
      [...each, "--group-column", "flow"],
      2,
      /^--each "machine" trains a model for each value .*: take one of them\.\n$/,
    ],
    [["train", csv, "--name", "m", "--each", "asset"], 1, /^same\.csv has no column "asset"; it has .*\.\n$/],
  ];
  for (const [args, expected, sentence] of refused) {
    const { status, err } = await residua(args);
    assert.match(err, sentence);
    assert.equal(status, expected);
  }
  assert.ok(!existsSync(models));
});
