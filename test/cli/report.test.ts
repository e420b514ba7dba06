/** The pages that `--report` writes: whole, in one file, and safe to open whatever files and columns are called. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeWaves, QUICK, writeWavesFile } from "../http/trained-service.js";
import { repository } from "../server-process.js";
import { createWorkplace } from "./residua-process.js";

const EVIL = "<script>alert(1)</script>";

/** A page that asks for nothing and runs nothing. */
async function readPage(file: string): Promise<string> {
  const page = await readFile(file, "utf8");
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /<\/html>\n$/);
  assert.ok(!/<script|<link|<iframe|javascript:|\son\w+=|url\(|https?:\/\//i.test(page));
  for (const [, address] of page.matchAll(/(?:href|src)="([^"]*)"/g)) {
    assert.match(address!, /^data:image\/png;base64,/);
  }
  return page;
}

test("reports of training, scoring and evaluation", async (t) => {
  const { folder, write, residua } = await createWorkplace(t);
  const text = writeWavesFile(makeWaves(1, 4000)).replace("sin,cos", `sin,"${EVIL}"`);
  const csv = await write("normal.csv", text);
  const file = (name: string) => join(folder, name);

  await t.test("train shows loss, calibration, folds, data and scores", async () => {
    const trained = await residua([
      ...["train", csv, "--name", "waves", ...QUICK.slice(0, -2), "--report", file("train.html")],
    ]);
    assert.equal(trained.status, 0, trained.err);
    assert.ok(trained.out.includes(`report:    ${file("train.html")}`));
    assert.ok(!/[\u2800-\u28ff]/.test(trained.out), "no picture in a pipe");
    const page = await readPage(file("train.html"));
    for (const title of ["Loss", "Calibration (", "Forward folds", "Data", "normal.csv"]) {
      assert.ok(page.includes(`<h2>${title}`), title);
    }
    assert.ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
  });

  await t.test("score shows the event that is there, at its time", async () => {
    const series = makeWaves(2, 1000, (row) => (row >= 600 && row < 620 ? 4 : 0));
    const faulty = await write(
      `${EVIL.replaceAll("/", "_")}.csv`,
      writeWavesFile(series).replace("sin,cos", `sin,"${EVIL}"`),
    );
    const scored = await residua([
      ...["score", faulty, "--model", "waves", "--out", file("s.csv")],
      ...["--events", file("events.json"), "--report", file("score.html")],
    ]);
    assert.equal(scored.status, 0, scored.err);
    const page = await readPage(file("score.html"));
    const { events } = JSON.parse(await readFile(file("events.json"), "utf8")) as {
      events: { startTime: string; endTime: string; start: number }[];
    };
    assert.ok(events.some(({ start }) => Math.abs(start - 600) <= 2));
    for (const { startTime, endTime } of events) {
      assert.ok(page.includes(`<td>${startTime}</td><td>${endTime}</td>`));
    }
    // A band in the score and in the readings of both features.
    assert.equal([...page.matchAll(/<rect class="event"/g)].length, 3 * events.length);
    assert.equal([...page.matchAll(/<image /g)].length, 1);
  });

  await t.test("evaluate has its tables, labels, and the rows tested on", async () => {
    const series = makeWaves(3, 1500, (row) => (row >= 1200 && row < 1220 ? 4 : 0));
    const lines = writeWavesFile(series).replace("sin,cos", `sin,"${EVIL}"`).trimEnd().split("\n");
    const labelled = lines.map((line, row) =>
      row === 0 ? `${line},fault` : `${line},${row > 1200 && row <= 1220 ? 1 : 0}`,
    );
    const path = await write("labelled.csv", `${labelled.join("\n")}\n`);
    for (const options of [
      ["--model", "waves"],
      [...QUICK, "--rows", "0:1000", "--seeds", "1,2"],
    ]) {
      const page = file("evaluation.html");
      const done = await residua(["evaluate", path, "--label-column", "fault", ...options, "--report", page]);
      assert.equal(done.status, 0, done.err);
      const content = await readPage(page);
      assert.ok(content.includes("AUROC") && content.includes("<td>random scores"));
      assert.equal([...content.matchAll(/<rect class="label"/g)].length, 3);
      assert.equal([...content.matchAll(/<image /g)].length, 1);
    }
  });

  await t.test("a report that cannot be written is said, and nothing is left beside it", async () => {
    const before = await readdir(folder);
    const done = await residua([
      ...["score", csv, "--model", "waves", "--out", file("s.csv"), "--report", file("no/page.html")],
    ]);
    assert.equal(done.status, 1);
    assert.match(done.err, /--report .*no\/page\.html cannot be written/);
    assert.deepEqual(await readdir(folder), before);
  });

  const hasScript = spawnSync("script", ["--version"]).status === 0;
  await t.test(
    "on a terminal, train ends with a picture",
    {
      skip: hasScript ? false : "script, which makes a terminal, is not installed",
    },
    async () => {
      const cli = join(repository, "dist", "src", "cli.js");
      const command = [process.execPath, cli, "train", csv, "--name", "drawn", ...QUICK].join(" ");
      const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, RESIDUA_MODELS: file("models"), RESIDUA_THREADS: "1" },
      });
      assert.equal(status, 0, stdout);
      assert.match(stdout, /loss by epoch, [\d.]+ to [\d.]+\r?\n[\u2800-\u28ff]{64}\r?\n/);
      assert.match(
        stdout,
        /scores of the last 128 rows, the highest [\d.]+, threshold [\d.]+\r?\n[\u2800-\u28ff]{64}/,
      );
    },
  );
});
