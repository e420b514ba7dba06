import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createWorkplace, writeWaves } from "./residua-process.js";

test("train --cell gru publishes a network of GRUs, and a spike stands out in its scores", async (t) => {
  const { write, residua, folder } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(900));
  const options = "--name waves --cell gru --timesteps 8 --units 12 --epochs 15 --learning-rate 0.01";
  const trained = await residua(["train", csv, ...options.split(" ")]);
  assert.equal(trained.status, 0, trained.err);

  const version = join(folder, "models", "waves", "1");
  const model = JSON.parse(await readFile(join(version, "model.json"), "utf8"));
  const classes = model.modelTopology.config.layers.map((layer: { class_name: string }) => layer.class_name);
  assert.equal(classes.filter((name: string) => name === "GRU").length, 2);
  assert.ok(!classes.includes("LSTM"));
  const manifest = JSON.parse(await readFile(join(version, "manifest.json"), "utf8"));
  assert.equal(manifest.tfjsLayers, false);

  const scored = await residua([
    "score",
    await write("spike.csv", writeWaves(300, { spikeAt: 150 })),
    "--model",
    "waves",
  ]);
  assert.equal(scored.status, 0, scored.err);
  const scores = scored.out
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => Number(line.split(",")[1]));
  const peak = scores.indexOf(Math.max(...scores));
  assert.ok(peak >= 143 && peak <= 161, `${peak}`);
});

test("--cell gru without recurrent layers is wrong usage", async (t) => {
  const { write, residua } = await createWorkplace(t);
  const csv = await write("normal.csv", writeWaves(100));
  const { status, err } = await residua(["train", csv, "--name", "x", "--family", "dense", "--cell", "gru"]);
  assert.equal(status, 2, err);
  assert.match(err, /Cell gru needs recurrent layers/);
});
