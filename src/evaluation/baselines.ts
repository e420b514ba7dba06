/**
 * Detectors without a network, which a network has to beat: random scores, the distance from the mean, and principal
 * components. They learn from the same windows as the network, and their thresholds come from the same calibration
 * windows by the same rule.
 */

import type { Dataset } from "../data/dataset.js";
import { Random } from "../network/random.js";
import { fitPrincipalComponents, residualError, windowsToFit } from "../scoring/principal-components.js";
import { fitScaler } from "../scoring/scaler.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import { stitchScores } from "../scoring/stitcher.js";
import { compressSample, conformalThreshold, smallestFalseAlarmRate } from "../scoring/thresholds.js";
import { type PreparedWindows, prepareWindows } from "../scoring/window-scoring.js";
import { countBlocks, cutWindows } from "../scoring/windows.js";
import { createWindowSource, gatherRows, spreadNumbers } from "../training/window-reader.js";
import { type Split, startsBySeries, type WindowSet } from "../training/window-set.js";
import type { Detector } from "./detector.js";

/** How the baselines are fitted. */
export interface BaselineOptions {
  /** T */
  readonly timesteps: number;
  readonly minCoverage: number;
  /** The rate of the network's threshold. Where the calibration sample is too small for it, the smallest rate it allows. */
  readonly falseAlarmRate: number;
}

const CLIP = 20;
const VARIANCE_SHARE = 0.9;
const CHUNK_WINDOWS = 512;

/** Gives each row a random score, uniform in [0, 1). It learns nothing: its threshold follows from the rate. */
export function createRandomDetector(seed: number, falseAlarmRate: number): Detector {
  const random = new Random(seed);
  return {
    name: "random",
    seed,
    threshold: 1 - falseAlarmRate,
    scoreRows: async ({ rows }) => Float64Array.from({ length: rows }, () => random.uniform()),
  };
}

/**
 * Fits the baselines that learn:
 *
 * - `l2-row`: the mean square of a row of scaled readings;
 * - `l2-window`: the mean square of a window of scaled readings; a row has the mean over the windows that cover it;
 * - `pca-window`: the mean square of what is left of a window without the principal components that hold 90 % of the
 *   variance; a row has the mean over the windows that cover it.
 *
 * Readings are scaled by the mean and standard deviation of the rows fitted on, and clipped at 20.
 *
 * @param split of the data set, with at least one window to fit on.
 */
export async function fitBaselines(
  dataset: Dataset,
  split: Split,
  options: BaselineOptions,
): Promise<Detector[]> {
  const { timesteps, minCoverage } = options;
  const features = dataset.features.length;
  const description = {
    timesteps,
    features,
    heads: [],
    scaler: fitScaler("standard", gatherRows(dataset, split.fit, timesteps), features),
    clip: CLIP,
    minCoverage,
  };
  const scaling = prepareScoring(description);
  const size = timesteps * features;
  const numbers = spreadNumbers(split.fit.count, windowsToFit(size));
  const windows = createWindowSource(dataset, split.fit, scaling).read(numbers);
  const components = fitPrincipalComponents(windows, size, VARIANCE_SHARE);
  const detectors: Uncalibrated[] = [
    createRowL2(prepareScoring({ ...description, timesteps: 1 })),
    createWindowed("l2-window", scaling, (prepared, window) =>
      meanSquare(prepared, window * size, (window + 1) * size),
    ),
    createWindowed("pca-window", scaling, ({ scaled }, window) =>
      residualError(components, scaled.subarray(window * size, (window + 1) * size)),
    ),
  ];
  const calibrated: Detector[] = [];
  for (const detector of detectors) {
    const threshold = await calibrateRows(detector, dataset, split.calibration, options);
    calibrated.push({ ...detector, threshold });
  }
  return calibrated;
}

type Uncalibrated = Omit<Detector, "threshold">;

/** @param scaling a scoring model whose windows have one row. */
function createRowL2(scaling: ScoringModel): Uncalibrated {
  const { features } = scaling;
  return {
    name: "l2-row",
    seed: undefined,
    scoreRows: async ({ values, rows }) => {
      const prepared = prepareWindows(scaling, values, rows);
      return Float64Array.from({ length: rows }, (_, row) =>
        meanSquare(prepared, row * features, (row + 1) * features),
      );
    },
  };
}

function createWindowed(
  name: "l2-window" | "pca-window",
  scaling: ScoringModel,
  scoreWindow: (prepared: PreparedWindows, window: number) => number,
): Uncalibrated {
  const { features, timesteps } = scaling;
  return {
    name,
    seed: undefined,
    scoreRows: async ({ values, rows }, starts) => {
      const scores = new Float64Array(starts.length);
      for (let from = 0; from < starts.length; from += CHUNK_WINDOWS) {
        const chunk = starts.subarray(from, from + CHUNK_WINDOWS);
        const prepared = prepareWindows(
          scaling,
          cutWindows(values, features, chunk, timesteps),
          chunk.length,
        );
        for (let i = 0; i < chunk.length; i++) scores[from + i] = scoreWindow(prepared, i);
      }
      return stitchScores(scores, starts, timesteps, rows);
    },
  };
}

/** The mean square of the readings that are not missing; NaN where all are. */
function meanSquare({ scaled, present }: PreparedWindows, from: number, to: number): number {
  let sum = 0;
  let readings = 0;
  for (let i = from; i < to; i++) {
    if (present !== undefined && present[i] === 0) continue;
    sum += scaled[i]! * scaled[i]!;
    readings++;
  }
  return sum / readings;
}

/**
 * The threshold of a detector, as `calibrate` and `chooseThresholds` find the one for timesteps of a network; undefined
 * where there is no calibration window.
 */
async function calibrateRows(
  detector: Uncalibrated,
  dataset: Dataset,
  windows: WindowSet,
  { timesteps, falseAlarmRate }: BaselineOptions,
): Promise<number | undefined> {
  if (windows.count === 0) return undefined;
  const kept: number[] = [];
  let blocks = 0;
  for (const [index, starts] of startsBySeries(windows)) {
    const series = dataset.series[index]!;
    const scores = await detector.scoreRows(series, starts);
    const covered = stitchScores(new Float64Array(starts.length).fill(1), starts, timesteps, series.rows);
    scores.forEach((score, row) => {
      if (covered[row] === 1) kept.push(score);
    });
    blocks += countBlocks(starts, timesteps);
  }
  const sample = compressSample(Float64Array.from(kept), blocks);
  return conformalThreshold(sample, Math.max(falseAlarmRate, smallestFalseAlarmRate(sample)));
}
