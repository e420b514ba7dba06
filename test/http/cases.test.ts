/** Requests in the shapes that clients send them in: what each must be answered with. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createWorkplace } from "../cli/residua-process.js";
import { fixturePath } from "../data/case-files.js";
import { type RunningService, startService } from "./running-service.js";

const T = 16;
const DAY_S = 86_400;

interface Answer {
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly threshold: { value: number } | null;
  readonly timesteps: { score: number[]; anomalous: boolean[]; timestepError: number[] };
  readonly events: { start: number; end: number; features: { name: string }[] }[];
  readonly time?: { unit: string; gaps: number };
}

async function serve(t: TestContext, csv: Uint8Array, ...options: string[]): Promise<RunningService> {
  const { write, residua, models } = await createWorkplace(t);
  const file = await write("normal.csv", csv);
  const quick = ["--timesteps", String(T), "--epochs", "3", "--units", "6", "--calibration", "0.3"];
  const { status, err } = await residua(["train", file, "--name", "plant", ...quick, ...options]);
  assert.equal(status, 0, err);
  return startService(t, { contents: {}, config: { RESIDUA_MODELS: models } });
}

async function answerOf(response: Response, status = 200): Promise<Answer> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text) as Answer;
}

const request = async (name: string) => gunzipSync(await readFile(fixturePath(`requests/${name}.gz`)));

/** The readings of the plainest file: `time,temp,flow`. */
const plant = (await readFile(fixturePath("cases/01_plain.csv"), "utf8"))
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",").slice(1).map(Number));

test("two bearings, swapped: a request that names its columns has the fault blamed on the right one", async (t) => {
  const service = await serve(t, await request("60_two_bearings.csv"));
  const { series } = JSON.parse((await request("60_swapped_request.json")).toString()) as {
    series: number[][];
  };
  // The rows have the rear bearing first; the rear one is off for a while.
  const faulty = series.map(([rear, front], row) => [rear! + (row >= 200 && row < 240 ? 25 : 0), front!]);
  const { events } = await answerOf(
    await service.score("plant", { series: faulty, columns: ["bearing_rear", "bearing_front"] }),
  );
  const event = events.find(({ start, end }) => start < 240 && end >= 200);
  assert.equal(event?.features[0]?.name, "bearing_rear", JSON.stringify(events));
  const wrong = await answerOf(await service.score("plant", { series, columns: ["rear", "front"] }), 400);
  assert.match(wrong.detail!, /"rear", "front"/);
  assert.match(wrong.detail!, /"bearing_front", "bearing_rear"/);
});

test("requests about the plant", async (t) => {
  const service = await serve(t, await readFile(fixturePath("cases/01_plain.csv")));
  const start = 1_709_251_200;
  const gap = 120;
  const seconds = plant.map((_, row) => start + row * 900 + (row >= gap ? 7 * DAY_S : 0));

  await t.test("epoch seconds with a gap of 7 days: the gap is not crossed", async () => {
    const body = { series: plant, timestamps: seconds, maxGapMs: 3_600_000 };
    const { time, timesteps } = await answerOf(await service.score("plant", body));
    assert.deepEqual([time!.unit, time!.gaps], ["s", 1]);
    const alone = await answerOf(await service.score("plant", { series: plant.slice(gap) }));
    assert.deepEqual(timesteps.score.slice(gap), alone.timesteps.score);
  });

  await t.test("a series: the threshold is the one that its timesteps were judged by", async () => {
    const series = plant.map(([temp, flow], row) => [temp! + (row >= 100 && row < 110 ? 8 : 0), flow!]);
    const { threshold, timesteps } = await answerOf(await service.score("plant", { series }));
    assert.ok(timesteps.anomalous.includes(true) && timesteps.anomalous.includes(false));
    for (const [row, anomalous] of timesteps.anomalous.entries()) {
      // Scores are written as float32: one at the threshold itself may be rounded over it.
      if (Math.abs(timesteps.score[row]! - threshold!.value) < 1e-6) continue;
      assert.equal(anomalous, timesteps.score[row]! > threshold!.value, `row ${row}`);
    }
  });

  await t.test(
    "the Open Inference Protocol: data nested [1][F][T] under shape [1, T, F] is 400",
    async () => {
      const window = plant.slice(0, T);
      const infer = (data: unknown) =>
        fetch(`${service.url}/v2/models/plant/infer`, {
          method: "POST",
          body: JSON.stringify({
            inputs: [{ name: "windows", shape: [1, T, 2], datatype: "FP32", data }],
          }),
        });
      const transposed = [[0, 1].map((feature) => window.map((row) => row[feature]))];
      assert.match((await answerOf(await infer(transposed), 400)).error!, /\[1, 16, 2\]/);
      await answerOf(await infer([window]));
    },
  );

  await t.test("a wrong include is 400 that lists what may be included", async () => {
    const response = await service.score("plant", { windows: [plant.slice(0, T)], include: ["scores"] });
    const { code } = await answerOf(response, 400);
    assert.equal(code, "INVALID_REQUEST");
  });

  await t.test(
    "a series of exactly T rows, one bad: the largest timestepError is at the bad row",
    async () => {
      const series = plant.slice(0, T).map(([temp, flow], row) => [temp! + (row === 9 ? 20 : 0), flow!]);
      const { timesteps } = await answerOf(await service.score("plant", { series }));
      assert.equal(new Set(timesteps.score).size, 1);
      assert.equal(timesteps.timestepError.indexOf(Math.max(...timesteps.timestepError)), 9);
    },
  );

  await t.test("NaN is 400", async () => {
    const body = JSON.stringify({ series: plant })
      .replace(/\[[\d.]+/, "[NaN")
      .replace("[NaN", "[[NaN");
    const { code } = await answerOf(await service.score("plant", body.replace("[[[NaN", "[[NaN")), 400);
    assert.equal(code, "INVALID_JSON");
  });
});
