/** `renew`: recent data become the next version of a model, or are refused with figures. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Random } from "../../src/network/random.js";
import { makeWaves, QUICK, writeWavesFile } from "../http/trained-service.js";
import { createWorkplace, type Workplace } from "./residua-process.js";

/** A model of waves, and what its bundle says. */
async function trainWaves(t: TestContext, ...options: string[]): Promise<Workplace> {
  const workplace = await createWorkplace(t);
  const csv = await workplace.write("normal.csv", writeWavesFile(makeWaves(1, 3000)));
  const trained = await workplace.residua(["train", csv, "--name", "waves", ...QUICK, ...options]);
  assert.equal(trained.status, 0, trained.err);
  return workplace;
}

async function readManifest({ models }: Workplace, version: number) {
  return JSON.parse(await readFile(join(models, "waves", String(version), "manifest.json"), "utf8"));
}

/** The two numbers of a line of the comparison: those of the live and of the renewed version. */
function figures(out: string, what: string): [live: number, renewed: number] {
  const [, live, renewed] = new RegExp(`^${what} +(\\S+)(?: %)? +(\\S+)(?: %)?`, "m").exec(out) ?? [];
  return [Number(live), Number(renewed)];
}

test("a level that moved: the renewed version flags less, keeps the options and takes the alias", async (t) => {
  const workplace = await trainWaves(t, "--false-alarm-rate", "0.02", "--seed", "5");
  const moved = await workplace.write("moved.csv", writeWavesFile(makeWaves(2, 2500, () => 0.8)));
  const renewed = await workplace.residua(["renew", "waves", moved, "--promote", "stable"]);
  assert.equal(renewed.status, 0, renewed.err);
  const [before, after] = figures(renewed.out, "flagged");
  assert.ok(before > 10 && after < 4, renewed.out);
  assert.match(renewed.out, /^level moved +1 of 1 series +0 of 1 series$/m);
  assert.match(renewed.out, /^alias: +stable is version 2$/m);
  const aliases = JSON.parse(await readFile(join(workplace.models, "waves", "aliases.json"), "utf8"));
  assert.deepEqual(aliases, { stable: "2" });

  const [old, own] = [await readManifest(workplace, 1), await readManifest(workplace, 2)];
  assert.deepEqual(own.training.options, { ...old.training.options, columns: ["sin", "cos"] });
  assert.equal(own.training.options.seed, 5);
  assert.equal(own.training.data[0].file, "moved.csv");
  assert.notDeepEqual(own.scaler, old.scaler);
  const { version, model, weights, rows, comparison } = own.renewedFrom;
  assert.deepEqual([version, model.version, weights], [1, "1", "trained"]);
  assert.match(model.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(rows, { learnt: 2000 - 7, heldOut: 500 });
  assert.ok(comparison.renewed.flagged < comparison.live.flagged);
  const verified = await workplace.residua(["models", "verify"]);
  assert.equal(verified.status, 0, verified.out);
});

test("data that teach less are refused with the figures, and nothing changes", async (t) => {
  const workplace = await trainWaves(t);
  const random = new Random(3);
  // A sensor that gave noise for most of the time, and waves again in the rows that are held out.
  const rows = makeWaves(4, 2500).map((row, at) => (at < 2000 ? row.map(() => 3 * random.normal()) : row));
  const noisy = await workplace.write("noisy.csv", writeWavesFile(rows));
  const refused = await workplace.residua(["renew", "waves", noisy, "--promote", "stable"]);
  assert.equal(refused.status, 1, refused.out);
  assert.match(
    refused.err,
    /Nothing is published and waves 1 stays: the renewed version .*has a median error of [\d.e-]+, the live one [\d.e-]+ in the same units/,
  );
  const listed = await workplace.residua(["models"]);
  assert.match(listed.out, /^waves +1 +- /m);
  assert.doesNotMatch(listed.out, /^waves +2/m);
});

test("--calibrate-only keeps the weights byte for byte and sets another threshold", async (t) => {
  const workplace = await trainWaves(t);
  const random = new Random(8);
  const louder = makeWaves(5, 2500).map((row) => row.map((value) => value + 0.3 * random.normal()));
  const recent = await workplace.write("recent.csv", writeWavesFile(louder));
  const renewed = await workplace.residua(["renew", "waves", recent, "--calibrate-only"]);
  assert.equal(renewed.status, 0, renewed.err);
  const file = (version: number, name: string) =>
    readFile(join(workplace.models, "waves", String(version), name));
  for (const name of ["weights.bin", "model.json"])
    assert.deepEqual(await file(1, name), await file(2, name));
  const [old, own] = [await readManifest(workplace, 1), await readManifest(workplace, 2)];
  assert.deepEqual(own.scaler, old.scaler);
  assert.notEqual(own.threshold.timestepValue, old.threshold.timestepValue);
  assert.equal(own.threshold.falseAlarmRate, old.threshold.falseAlarmRate);
  assert.equal(own.scorers[0], old.scorers[0]);
  assert.equal(own.renewedFrom.weights, "kept");
  assert.deepEqual(own.training.data, old.training.data);
  assert.equal(own.training.calibratedOn.data[0].file, "recent.csv");
  const [before, after] = figures(renewed.out, "flagged");
  assert.ok(before > 20 && after < 5, renewed.out);
  // A renewed version can be renewed, and the highest is the one to renew.
  const again = await workplace.residua(["renew", "waves", recent, "--calibrate-only"]);
  assert.equal(again.status, 0, again.err);
  assert.equal((await readManifest(workplace, 3)).renewedFrom.model.version, "2");
  const own1 = await workplace.residua(["renew", "waves", "normal.csv", "--calibrate-only"]);
  assert.match(own1.err, /^Note: waves 3 was trained on normal\.csv/m);
});

test("events that are excluded are not learnt from, and both versions have to find them", async (t) => {
  const workplace = await trainWaves(t);
  const faults = (row: number) => (row % 250 >= 100 && row % 250 < 112 ? 3 : 0);
  const recent = await workplace.write("recent.csv", writeWavesFile(makeWaves(6, 2500, faults)));
  const scored = await workplace.residua([
    ...["score", recent, "--model", "waves", "--out", "scores.csv", "--events", "events.json"],
  ]);
  assert.equal(scored.status, 0, scored.err);
  const { events } = JSON.parse(await readFile(join(workplace.folder, "events.json"), "utf8"));
  const large = events.filter((event: { score: number }) => event.score > 0.5);
  assert.ok(large.length >= 9, `${large.length} faults`);
  await workplace.write("faults.json", JSON.stringify({ events: large }));
  const renewed = await workplace.residua(["renew", "waves", recent, "--exclude-events", "faults.json"]);
  assert.equal(renewed.status, 0, renewed.err);
  assert.match(renewed.err, /Note: \d+ rows are labelled anomalous/);
  const [, found, labelled] = /^faults found +\d+ of \d+ +(\d+) of (\d+)$/m.exec(renewed.out) ?? [];
  assert.equal(labelled, String(large.length));
  assert.equal(found, labelled);
  // Learnt from, the faults make the model a worse one of what is normal.
  const without = await workplace.residua(["renew", "waves", recent, "--version", "1"]);
  assert.ok(figures(without.out, "median error")[1] > figures(renewed.out, "median error")[1], without.out);
});

test("what cannot be renewed is said in a sentence", async (t) => {
  const workplace = await trainWaves(t);
  const short = await workplace.write("short.csv", writeWavesFile(makeWaves(2, 30)));
  const recent = await workplace.write("recent.csv", writeWavesFile(makeWaves(2, 600)));
  await workplace.write("broken.json", '{"events": [{"file": "recent.csv", "start": 9, "end": 3}]}');
  await workplace.write("text.json", "no JSON");
  const cases: [args: string[], status: number, err: RegExp][] = [
    [[recent, "--promote", "No!"], 2, /--promote "No!" is no name for an alias/],
    [[recent, "--rows", "9:3"], 2, /range of rows/],
    [[short], 1, /The longest series has 30 rows, too few to compare two versions.* 40 rows are needed\.$/m],
    [[recent, "--version", "7"], 1, /has no version 7; it has 1/],
    [[recent, "--exclude-events", "broken.json"], 1, /Event 1 has to name its rows, .*, and its file/],
    [[recent, "--exclude-events", "text.json"], 1, /is not JSON/],
    [[recent, "--exclude-events", "nowhere.json"], 1, /cannot be read/],
    [[recent, "--label-column", "fault"], 1, /No file has a column "fault"/],
  ];
  for (const [args, status, err] of cases) {
    const finished = await workplace.residua(["renew", "waves", ...args]);
    assert.equal(finished.status, status, args.join(" "));
    assert.match(finished.err, err);
    assert.equal(finished.out, "");
  }
});
