/** The laws that every scorer keeps, as tests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCalibration, encodeCalibration } from "../../../src/scoring/calibration-file.js";
import { contributionsByFeature, contributionsOf } from "../../../src/scoring/contributions.js";
import { FLOAT32_MAX } from "../../../src/scoring/residuals.js";
import { decodeFittedScorers, encodeFittedScorers } from "../../../src/scoring/scorer-file.js";
import { ScorerFitting } from "../../../src/scoring/scorer-fitting.js";
import type { Scorer } from "../../../src/scoring/scorers/scorer.js";
import { type FittedScorers, SCORERS, type ScorerName } from "../../../src/scoring/scorers/scorers.js";
import { contextOf, prepareScoring, type ScoringModel } from "../../../src/scoring/scoring-model.js";
import { compressSample } from "../../../src/scoring/thresholds.js";
import {
  type NetworkOutputs,
  prepareWindows,
  scoreWindows,
  type WindowScores,
} from "../../../src/scoring/window-scoring.js";
import { everyCase, linearCases } from "../cases.js";

/** What a scorer learns from forty windows of a model, without gaps, that the network gives back with small errors. */
export function fitTo(model: ScoringModel, scorer: Scorer): FittedScorers {
  const { timesteps, features, heads } = model;
  const count = 40;
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const numbers = (length: number): number[] => Array.from({ length }, random);
  const prepared = prepareWindows(model, Float64Array.from(numbers(count * timesteps * features)), count);
  const fitting = new ScorerFitting(model, [scorer]);
  fitting.add(prepared, {
    heads: heads.map(({ steps }) => Float32Array.from(numbers(count * steps * features))),
    embedding: new Float32Array(0),
  });
  return fitting.finish();
}

/** The model made ready for a scorer, whether it is in the list or not. */
function ready(model: ScoringModel, scorer: Scorer): ScoringModel {
  const scorers = [...SCORERS.filter(({ name }) => name !== scorer.name), scorer];
  return prepareScoring({ ...model, fitted: fitTo(model, scorer) }, scorers);
}

const near = (a: number, b: number, what: string): void => {
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${what}: ${a}, not ${b}`);
};

/** The numbers of one window of several. */
const part = <A extends Float64Array | Float32Array>(values: A, window: number, count: number): A =>
  values.slice((window * values.length) / count, ((window + 1) * values.length) / count) as A;

/** Registers the tests for one scorer. */
export function testScorer(scorer: Scorer): void {
  const name = scorer.name as ScorerName;
  const ownCases = scorer.needsHead === undefined ? everyCase : linearCases;
  const score = (
    model: ScoringModel,
    readings: Float64Array,
    count: number,
    outputs: NetworkOutputs,
  ): WindowScores => scoreWindows(model, name, prepareWindows(model, readings, count), outputs);

  test(`${name}: contributions of readings sum to the score; a missing one contributes nothing`, () => {
    fc.assert(
      fc.property(ownCases, ({ model: unfitted, count, readings, outputs }) => {
        const model = ready(unfitted, scorer);
        const prepared = prepareWindows(model, readings, count);
        const scores = scoreWindows(model, name, prepared, outputs);
        const byFeature = contributionsByFeature(model, name, { prepared, outputs, scores });
        for (let w = 0; w < count; w++) {
          const contributions = contributionsOf(model, name, { prepared, outputs, scores }, w);
          const total = contributions.reduce((a, b) => a + b, 0);
          near(total, Number.isNaN(scores.score[w]!) ? 0 : scores.score[w]!, "total");
          const shares = new Float64Array(model.features);
          contributions.forEach((contribution, i) => {
            shares[i % model.features]! += contribution;
          });
          part(byFeature, w, count).forEach((own, f) => {
            near(own, shares[f]!, `feature ${f}`);
          });
          near(
            shares.reduce((a, b) => a + b, 0),
            total,
            "features",
          );
          part(readings, w, count).forEach((reading, i) => {
            if (Number.isNaN(reading)) assert.equal(contributions[i], 0);
          });
        }
      }),
    );
  });

  test(`${name}: a score is from 0 to the largest float32, or NaN exactly where no head has a reading`, () => {
    fc.assert(
      fc.property(ownCases, ({ model, count, readings, outputs }) => {
        const scores = score(ready(model, scorer), readings, count, outputs);
        for (let w = 0; w < count; w++) {
          const errors = part(scores.timestepError, w, count);
          const own = scores.score[w]!;
          if (errors.every(Number.isNaN)) assert.ok(Number.isNaN(own));
          else assert.ok(own >= 0 && own <= FLOAT32_MAX, `${own}`);
        }
      }),
    );
  });

  test(`${name}: a window scores bitwise the same alone and with others`, () => {
    fc.assert(
      fc.property(ownCases, ({ model: unfitted, count, readings, outputs }) => {
        const model = ready(unfitted, scorer);
        const together = score(model, readings, count, outputs);
        for (let w = 0; w < count; w++) {
          const heads = outputs.heads.map((head) => part(head, w, count));
          const alone = score(model, part(readings, w, count), 1, {
            heads,
            embedding: part(outputs.embedding, w, count),
          });
          assert.deepEqual(alone.score[0], together.score[w]);
          assert.deepEqual(alone.timestepError, part(together.timestepError, w, count));
        }
      }),
    );
  });

  test(`${name}: what the network says for a missing reading counts nowhere`, () => {
    fc.assert(
      fc.property(ownCases, ({ model: unfitted, count, readings, outputs }) => {
        const model = ready(unfitted, scorer);
        const { timesteps, features } = model;
        const heads = model.heads.map(({ start, steps, reversed }, h) =>
          outputs.heads[h]!.map((value, o) => {
            const w = Math.floor(o / (steps * features));
            const row = Math.floor(o / features) % steps;
            const step = start + (reversed ? steps - 1 - row : row);
            const reading = readings[(w * timesteps + step) * features + (o % features)]!;
            return Number.isNaN(reading) ? value + 100 : value;
          }),
        );
        const other = score(model, readings, count, { ...outputs, heads });
        assert.deepEqual(other, score(model, readings, count, outputs));
      }),
    );
  });

  test(`${name}: an output that is not finite saturates its window, and no other`, () => {
    fc.assert(
      fc.property(
        ownCases,
        fc.nat(),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
        ({ model: unfitted, count, readings, outputs }, at, wild) => {
          const model = ready(unfitted, scorer);
          const heads = outputs.heads.map((head) => head.slice());
          const position = at % heads[0]!.length;
          heads[0]![position] = wild;
          const hit = Math.floor((position * count) / heads[0]!.length);
          const before = score(model, readings, count, outputs);
          const after = score(model, readings, count, { ...outputs, heads });
          for (let w = 0; w < count; w++) {
            assert.equal(after.saturated[w], w === hit ? 1 : 0);
            assert.deepEqual(after.score[w], w === hit ? FLOAT32_MAX : before.score[w]);
          }
          const prepared = prepareWindows(model, readings, count);
          const batch = { prepared, outputs: { ...outputs, heads }, scores: after };
          assert.ok(contributionsOf(model, name, batch, hit).every((x) => x === 0));
        },
      ),
    );
  });

  test(`${name}: scorers.bin reads back what was learnt, and scores come out the same`, () => {
    fc.assert(
      fc.property(ownCases, ({ model, count, readings, outputs }) => {
        const fitted = fitTo(model, scorer);
        assert.equal(fitted.size, scorer.parameters === undefined ? 0 : 1);
        assert.equal(fitted.get(name)?.length, scorer.parameters?.count(contextOf(scorer, model)));
        const read = decodeFittedScorers(encodeFittedScorers(fitted, [scorer]), [scorer]);
        assert.deepEqual(read, fitted);
        const [a, b] = [fitted, read].map((own) => prepareScoring({ ...model, fitted: own }, [scorer]));
        assert.deepEqual(score(a!, readings, count, outputs), score(b!, readings, count, outputs));
      }),
      { numRuns: 30 },
    );
  });

  if (SCORERS.some((listed) => listed.name === name)) {
    test(`${name}: calibration.bin reads back its samples`, () => {
      const sample = (factor: number) =>
        compressSample(
          Float64Array.from({ length: 50 }, (_, i) => i * factor),
          5,
        );
      const calibration = { [name]: { windows: sample(0.5), timesteps: sample(0.25) } };
      const bytes = encodeCalibration(calibration);
      assert.deepEqual(decodeCalibration(bytes), calibration);
      assert.equal(new DataView(bytes.buffer).getUint32(12, true), scorer.id * 2);
    });
  }
}
