/** `train --calendar`, and every command with the model that it gives. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeWaves, writeWavesFile } from "../http/trained-service.js";
import { createWorkplace } from "./residua-process.js";

const QUICK = [
  "--timesteps",
  "6",
  "--units",
  "4",
  "--epochs",
  "2",
  "--calibration",
  "0.3",
  "--validation",
  "0",
];
const CALENDAR = ["--calendar", "hour,weekday", "--time-zone", "Europe/Berlin"];

test("a model that reads the calendar is trained, verified, scored with, evaluated and renewed", async (t) => {
  const { residua, write, models } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWavesFile(makeWaves(1, 1500)));
  const trained = await residua(["train", csv, "--name", "waves", ...QUICK, ...CALENDAR]);
  assert.equal(trained.status, 0, trained.err);
  assert.match(trained.out + trained.err, /^calendar inputs: the hour and the weekday, in Europe\/Berlin; /m);
  const manifestOf = async (version: number) =>
    JSON.parse(await readFile(join(models, "waves", `${version}`, "manifest.json"), "utf8"));
  const manifest = await manifestOf(1);
  const calendar = { parts: ["hour", "weekday"], timeZone: "Europe/Berlin" };
  assert.deepEqual(manifest.input, { version: 1, required: true, calendar });
  assert.deepEqual(manifest.training.options.calendar, calendar);

  const scored = await residua(["score", csv, "--model", "waves", "--out", "scores.csv"]);
  assert.equal(scored.status, 0, scored.err);
  assert.match(scored.out + scored.err, /1500 of 1500 rows scored/);
  const untimed = await write("untimed.csv", writeWavesFile(makeWaves(2, 100), { withTime: false }));
  const refused = await residua(["score", untimed, "--model", "waves"]);
  assert.equal(refused.status, 1);
  assert.match(
    refused.err,
    /untimed\.csv has no column of times .* the model reads the hour and the weekday of each row; .*--time-column\.$/m,
  );

  const faulty = makeWaves(3, 900, (row) => (row >= 700 && row < 720 ? 3 : 0));
  const labelled = writeWavesFile(faulty)
    .trimEnd()
    .split("\n")
    .map((line, row) => `${line},${row === 0 ? "fault" : Number(row > 700 && row <= 720)}`)
    .join("\n");
  const test = await write("test.csv", `${labelled}\n`);
  const evaluated = await residua(["evaluate", test, "--model", "waves", "--label-column", "fault"]);
  assert.equal(evaluated.status, 0, evaluated.err);

  const recent = await write("recent.csv", writeWavesFile(makeWaves(4, 1500, () => 0.8)));
  const calibrated = await residua(["renew", "waves", recent, "--calibrate-only"]);
  assert.equal(calibrated.status, 0, calibrated.out + calibrated.err);
  assert.deepEqual((await manifestOf(2)).input, manifest.input);
  const renewed = await residua(["renew", "waves", recent, "--version", "1"]);
  assert.match(renewed.out, /^golden flagged +\d+ of 3 +\d+ of 3$/m, renewed.err);
  assert.equal(renewed.status, 0, renewed.out);
  assert.deepEqual((await manifestOf(3)).input, manifest.input);
  const verified = await residua(["models", "verify"]);
  assert.equal(verified.status, 0, verified.out + verified.err);
});

test("what cannot have calendar inputs is wrong usage, and says what to do", async (t) => {
  const { residua, write } = await createWorkplace(t);
  const untimed = await write("untimed.csv", writeWavesFile(makeWaves(2, 100), { withTime: false }));
  for (const [options, sentence] of [
    [
      ["--calendar", "hour"],
      /^--calendar needs the time of each row, and untimed\.csv has no column of times/m,
    ],
    [["--calendar", "month"], /"month" is none of hour, weekday/],
    [["--calendar", "hour", "--time-zone", "Mars"], /There is no time zone "Mars"/],
    [["--calendar", "hour", "--family", "stacked"], /Family stacked .* take family dense\./],
  ] as const) {
    const { status, err } = await residua(["train", untimed, "--name", "waves", ...QUICK, ...options]);
    assert.match(err, sentence);
    assert.equal(status, 2, err);
  }
});
