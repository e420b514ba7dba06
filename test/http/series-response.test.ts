/** The answer to a long series in parts, each of bounded size and work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../src/engine/engine.js";
import { answersOf, MODEL_ANSWERS } from "../../src/http/model-answers.js";
import { seriesLines, seriesResponse } from "../../src/http/series-response.js";
import { readBundle } from "../../src/registry/bundle.js";
import { loadModel, type ServedModel } from "../../src/registry/served-model.js";
import { eventRuleOf } from "../../src/scoring/events.js";
import { ruleOfRuns } from "../../src/scoring/normal-behaviour.js";
import type { SeriesResult } from "../../src/serving/score-result.js";
import { addVersions, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";

const ROWS = 200_000;

function makeResult(model: ServedModel, anomalous: (row: number) => number): SeriesResult {
  const score = new Float64Array(ROWS);
  const verdicts = new Int8Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    verdicts[row] = anomalous(row);
    score[row] = verdicts[row] === 1 ? Math.fround(0.05 + (row % 1000) / 1e4) : 0;
  }
  const starts = Int32Array.from({ length: ROWS / 4 }, (_, i) => i * 4);
  return {
    model,
    threshold: null,
    rows: ROWS,
    base: 0,
    from: 0,
    finish: undefined,
    score,
    anomalous: verdicts,
    pValue: new Float64Array(ROWS).fill(Number.NaN),
    eventRule: eventRuleOf({ alarm: ruleOfRuns(0), errorLimit: undefined }, score, score),
    drift: null,
    windows: {
      starts,
      timesteps: 4,
      contributions: new Float64Array(starts.length * 2).fill(0.5),
      featureNames: ["temperature", "pressure"],
    },
    queueMs: 1,
    computeMs: 2,
  };
}

test("parts are small, and what is looked at without anything to write leaves turns too", async (t) => {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "small", [1]);
  const engine: Engine = new ReferenceEngine();
  const model = await loadModel(await readBundle(`${folder}/small/1`), engine, [MODEL_ANSWERS]);
  const answers = answersOf(model);
  const columns = answers.seriesColumns(
    new Set(),
    makeResult(model, () => 0),
  );
  const form = { answers, columns };
  for (const { anomalous, events } of [
    { anomalous: () => 0, events: 0 },
    { anomalous: () => 1, events: 1 },
    { anomalous: (row: number) => row & 1, events: ROWS / 2 },
  ]) {
    for (const write of [seriesResponse, seriesLines]) {
      let pauses = 0;
      let largest = 0;
      let found = 0;
      let tail = "";
      for (const part of write(form, makeResult(model, anomalous))) {
        if (part.length === 0) pauses += 1;
        largest = Math.max(largest, part.length);
        tail = (tail + Buffer.from(part).toString("latin1")).slice(-part.length - 40);
        found += tail.split('"peak":').length - 1;
        tail = tail.slice(-7);
      }
      assert.ok(largest > 0 && largest <= 256 * 1024, `a part has ${largest} bytes`);
      assert.ok(pauses >= ROWS / 65_536, `${pauses} pauses`);
      assert.equal(found, events);
    }
  }
});
