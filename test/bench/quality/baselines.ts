/** What costs nothing: chance, the distance from the mean, and principal components, of windows of the rule's length. */

import { Random } from "../../../src/network/random.js";
import { DriftCounter } from "../../../src/scoring/drift.js";
import type { Drift } from "../../../src/scoring/drift-decision.js";
import { type DriftReference, describeNormal } from "../../../src/scoring/drift-reference.js";
import {
  fitPrincipalComponents,
  type PrincipalComponents,
  residualError,
  windowsToFit,
} from "../../../src/scoring/principal-components.js";
import { fitScaler, type Scaler } from "../../../src/scoring/scaler.js";
import { prepareScoring } from "../../../src/scoring/scoring-model.js";
import {
  compressSample,
  conformalThreshold,
  pValue,
  smallestFalseAlarmRate,
} from "../../../src/scoring/thresholds.js";
import { prepareWindows } from "../../../src/scoring/window-scoring.js";
import { countBlocks } from "../../../src/scoring/windows.js";
import { forwardFolds } from "../../../src/training/folds.js";
import type { StartSpan } from "../../../src/training/splits.js";
import { spreadNumbers } from "../../../src/training/window-reader.js";
import { type QualitySeries, type Scored, stitchCovered, testStarts, trainStarts } from "./series.js";

export const BASELINES = ["random", "L2", "PCA.7", "PCA.9"] as const;
export type Baseline = (typeof BASELINES)[number];

export const FALSE_ALARM_RATE = 0.01;
const CLIP = 20;
const CHUNK_WINDOWS = 512;
const VARIANCE_SHARES = { L2: 0, "PCA.7": 0.7, "PCA.9": 0.9 };

/** @param timesteps T */
export function scoreWithBaseline(
  series: QualitySeries,
  name: Baseline,
  timesteps: number,
  seed: number,
): Scored {
  if (name === "random") return scoreByChance(series, seed);
  const starts = trainStarts(series, timesteps);
  const fit = (own: Int32Array) => fitWindows(series, own, timesteps, VARIANCE_SHARES[name]);
  const calibration = forwardFolds([starts], timesteps).map((fold) => {
    const scored = within(starts, fold.score[0]);
    return stitchCovered(fit(within(starts, fold.fit[0])).score(scored), scored, timesteps);
  });
  const tested = testStarts(series, timesteps);
  const scores = stitchCovered(fit(starts).score(tested), tested, timesteps);
  const normal = Float64Array.from(
    calibration.flatMap((part) => [...part]).filter((score) => !Number.isNaN(score)),
  );
  if (normal.length === 0)
    return { scores, flagged: undefined, pValues: undefined, moved: undefined, causesNamed: undefined };
  const sample = compressSample(normal, countBlocks(starts, timesteps));
  const threshold = conformalThreshold(sample, Math.max(FALSE_ALARM_RATE, smallestFalseAlarmRate(sample)));
  const toPValues = (part: Float64Array) => part.map((score) => pValue(sample, score));
  const pValues = toPValues(scores);
  const reference = describeNormal(calibration.map(toPValues), timesteps);
  return {
    scores,
    flagged: Uint8Array.from(scores, (score) => (score > threshold ? 1 : 0)),
    pValues,
    moved: reference === undefined ? undefined : countDrift(pValues, reference)?.moved,
    causesNamed: undefined,
  };
}

function countDrift(pValues: Float64Array, reference: DriftReference): Drift | null {
  const counter = new DriftCounter(reference.blockRows);
  for (const p of pValues) counter.push(p);
  return counter.drift(reference);
}

function scoreByChance({ rows, trainRows }: QualitySeries, seed: number): Scored {
  const random = new Random(seed);
  const scores = new Float64Array(rows - trainRows).map(() => random.uniform());
  return {
    scores,
    flagged: Uint8Array.from(scores, (score) => (score > 1 - FALSE_ALARM_RATE ? 1 : 0)),
    pValues: scores.map((score) => 1 - score),
    moved: undefined,
    causesNamed: undefined,
  };
}

function within(starts: Int32Array, span: StartSpan): Int32Array {
  return span === undefined
    ? new Int32Array(0)
    : starts.filter((start) => start >= span[0] && start <= span[1]);
}

interface FittedWindows {
  /** @returns [starts.length]: the mean square of what the components leave of each window. */
  score(starts: Int32Array): Float64Array;
}

/** Readings are scaled by the mean and standard deviation of the rows fitted on. */
function fitWindows(
  series: QualitySeries,
  starts: Int32Array,
  timesteps: number,
  share: number,
): FittedWindows {
  const { values, features } = series;
  const size = timesteps * features.length;
  const model = prepareScoring({
    timesteps,
    features: features.length,
    heads: [],
    scaler: scalerOf(series, starts, timesteps),
    clip: CLIP,
    minCoverage: 0,
  });
  const scaled = (own: Int32Array) => prepareWindows(model, values, own.length, undefined, own).scaled;
  const numbers = spreadNumbers(starts.length, windowsToFit(size));
  const components: PrincipalComponents =
    share === 0
      ? { mean: new Float64Array(size), count: 0, axes: new Float64Array(0) }
      : fitPrincipalComponents(scaled(Int32Array.from(numbers, (i) => starts[i]!)), size, share);
  return {
    score: (own) => {
      const scores = new Float64Array(own.length);
      for (let from = 0; from < own.length; from += CHUNK_WINDOWS) {
        const windows = scaled(own.subarray(from, from + CHUNK_WINDOWS));
        for (let i = 0; i * size < windows.length; i++) {
          scores[from + i] = residualError(components, windows.subarray(i * size, (i + 1) * size));
        }
      }
      return scores;
    },
  };
}

/** By every row that a window covers, once. */
function scalerOf({ values, features }: QualitySeries, starts: Int32Array, timesteps: number): Scaler {
  const rows: number[] = [];
  let next = 0;
  for (const start of starts) {
    for (let row = Math.max(next, start); row < start + timesteps; row++) rows.push(row);
    next = start + timesteps;
  }
  const width = features.length;
  const gathered = new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    gathered.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return fitScaler("standard", gathered, width);
}
