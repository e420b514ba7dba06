/** `train --false-alarms`, and what `score` says of events and of a level that has moved. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeWaves, QUICK, writeWavesFile } from "../http/trained-service.js";
import { createWorkplace } from "./residua-process.js";

test("a file that drifted is told so, and one that did not is not", async (t) => {
  const { write, residua, folder } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWavesFile(makeWaves(1, 4000)));
  const trained = await residua(["train", csv, "--name", "waves", ...QUICK, "--false-alarms", "2/day"]);
  assert.equal(trained.status, 0, trained.err);
  const calm = await write("calm.csv", writeWavesFile(makeWaves(2, 2000)));
  const moved = await write(
    "moved.csv",
    writeWavesFile(makeWaves(3, 3000, (row) => (row >= 2000 ? 0.4 : row >= 700 && row < 712 ? 2 : 0))),
  );
  const scored = await residua([
    ...["score", calm, moved, "--model", "waves"],
    ...["--out", "scores.csv", "--events", "events.json"],
  ]);
  assert.equal(scored.status, 0, scored.err);
  const [summary, ...sentences] = scored.out.trimEnd().split("\n");
  assert.match(summary!, /^5000 of 5000 rows scored, \d+ anomalous in \d+ events$/);
  assert.equal(sentences.length, 1);
  const [, row, time] =
    /^moved\.csv: since row (\S+) \((\S+)\) the normal level has moved: verdicts after it can't be trusted; renew the model\.$/.exec(
      sentences[0]!,
    )!;
  const since = Number(row!.replace(",", ""));
  assert.ok(Math.abs(since - 2000) <= 64, row);
  assert.equal(time, new Date(Date.UTC(2024, 0, 1) + since * 300_000).toISOString());

  const { threshold, events, drift } = JSON.parse(await readFile(join(folder, "events.json"), "utf8"));
  assert.deepEqual([threshold.method, threshold.falseAlarms], ["falseAlarms", "2/day"]);
  assert.deepEqual(
    drift.map((own: { file: string; moved: boolean; since: number | null }) => [
      own.file,
      own.moved,
      own.since,
    ]),
    [
      ["calm.csv", false, null],
      ["moved.csv", true, since],
    ],
  );
  const fault = events.find(
    (event: { file: string; start: number; end: number }) =>
      event.file === "moved.csv" && event.start <= 706 && event.end >= 706,
  );
  // Windows reach seven rows further on both sides.
  assert.ok(Math.abs(fault.start - 700) < 7 && Math.abs(fault.end - 711) < 7, JSON.stringify(fault));
  assert.equal(fault.open, false);
  // The verdicts of single timesteps are those by the same threshold.
  const scores = (await readFile(join(folder, "scores.csv"), "utf8")).trimEnd().split("\n").slice(1);
  for (const line of scores) {
    const [, score, , anomalous] = line.split(",");
    if (Math.abs(Number(score) - threshold.value) < 1e-6) continue;
    assert.equal(anomalous === "1", Number(score) > threshold.value, line);
  }

  const piped = await residua(["score", moved, "--model", "waves"]);
  assert.match(piped.err, /^Note: moved\.csv: since row .* has moved/m);
  assert.equal((await residua(["score", calm, "--model", "waves"])).err, "");
});

test("false alarms that are no number per unit, lack a time, or stand beside a threshold are refused", async (t) => {
  const { write, residua } = await createWorkplace(t);
  const csv = await write("plain.csv", writeWavesFile(makeWaves(1, 600), { withTime: false }));
  const train = (...options: string[]) => residua(["train", csv, "--name", "waves", ...QUICK, ...options]);
  for (const text of ["1", "0/week", "1/year", "week"]) {
    const { status, err } = await train("--false-alarms", text);
    assert.equal(status, 2);
    assert.match(err, /--false-alarms/);
  }
  const both = await train("--false-alarms", "1/1000rows", "--threshold", "0.5");
  assert.deepEqual(
    [both.status, both.err],
    [2, "--false-alarms sets a threshold, so --threshold cannot stand beside it.\n"],
  );
  const timeless = await train("--false-alarms", "1/week");
  assert.deepEqual(
    [timeless.status, timeless.err],
    [1, "--false-alarms per week needs a time column; ask for events per 1000rows, as in 1/1000rows.\n"],
  );
  const fewest = await train("--false-alarms", "1/1000rows");
  assert.equal(fewest.status, 0, fewest.err);
  assert.match(fewest.err, /too few for 1\/1000rows false alarms; the threshold is set for 4\.\d+\/1000rows/);
});
