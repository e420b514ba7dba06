/**
 * Detectors without a network, which a network has to beat: random scores, the distance from the mean, and principal
 * components. They learn from the same windows as the network, and their thresholds come from scores of the same windows
 * by the same rule.
 */

import type { Dataset } from "../data/dataset.js";
import { Random } from "../network/random.js";
import { describeNormal } from "../scoring/drift-reference.js";
import { fitPrincipalComponents, residualError, windowsToFit } from "../scoring/principal-components.js";
import { fitScaler } from "../scoring/scaler.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import { stitchScores } from "../scoring/stitcher.js";
import { compressSample, conformalThreshold, pValue, smallestFalseAlarmRate } from "../scoring/thresholds.js";
import { type PreparedWindows, prepareWindows } from "../scoring/window-scoring.js";
import { countBlocks, cutWindows } from "../scoring/windows.js";
import { createWindowSource, gatherRows, spreadNumbers } from "../training/window-reader.js";
import { startsBySeries, type WindowSet } from "../training/window-set.js";
import type { BaselineParts } from "./baseline-parts.js";
import type { Detector, DetectorName } from "./detector.js";

/** How the baselines are fitted. */
export interface BaselineSettings {
  /** T */
  readonly timesteps: number;
  readonly minCoverage: number;
  /** The rate of the network's threshold. Where the calibration sample is too small for it, the smallest rate it allows. */
  readonly falseAlarmRate: number;
}

const CLIP = 20;
/** By detector, the share of the variance that its components hold. */
const VARIANCE_SHARES = [
  ["pca-window-70", 0.7],
  ["pca-window", 0.9],
] as const;
const CHUNK_WINDOWS = 512;

/** Gives each row a random score, uniform in [0, 1). It learns nothing: its threshold follows from the rate. */
export function createRandomDetector(seed: number, falseAlarmRate: number): Detector {
  const random = new Random(seed);
  return {
    name: "random",
    seed,
    threshold: 1 - falseAlarmRate,
    normal: undefined,
    scoreRows: async ({ rows }) => Float64Array.from({ length: rows }, () => random.uniform()),
  };
}

/**
 * Fits the baselines that learn:
 *
 * - `l2-row`: the mean square of a row of scaled readings;
 * - `l2-window`: the mean square of a window of scaled readings; a row has the mean over the windows that cover it;
 * - `pca-window-70` and `pca-window`: the mean square of what is left of a window without the principal components that
 *   hold 70 % or 90 % of the variance; a row has the mean over the windows that cover it.
 *
 * Readings are scaled by the mean and standard deviation of the rows fitted on, and clipped at 20.
 *
 * @param parts of the data set, with at least one window to fit on.
 */
export async function fitBaselines(
  dataset: Dataset,
  parts: BaselineParts,
  settings: BaselineSettings,
): Promise<Detector[]> {
  const detectors = fitAll(dataset, parts.fit, settings);
  const folds: Fold[] = parts.folds.map(({ fit, scored }) => ({
    detectors: fit === parts.fit ? detectors : fitAll(dataset, fit, settings),
    scored,
  }));
  const calibrated: Detector[] = [];
  for (const [number, detector] of detectors.entries()) {
    calibrated.push({ ...detector, ...(await calibrateRows(number, dataset, folds, settings)) });
  }
  return calibrated;
}

/** The baselines of one fit, in the same order for each. */
interface Fold {
  readonly detectors: readonly Uncalibrated[];
  readonly scored: WindowSet;
}

function fitAll(
  dataset: Dataset,
  fit: WindowSet,
  { timesteps, minCoverage }: BaselineSettings,
): Uncalibrated[] {
  const features = dataset.features.length;
  const scaler = fitScaler("standard", gatherRows(dataset, fit, timesteps), features);
  const description = { timesteps, features, heads: [], scaler, clip: CLIP, minCoverage };
  const scaling = prepareScoring(description);
  const size = timesteps * features;
  const numbers = spreadNumbers(fit.count, windowsToFit(size));
  const windows = createWindowSource(dataset, fit, scaling).read(numbers);
  return [
    createRowL2(prepareScoring({ ...description, timesteps: 1 })),
    createWindowed("l2-window", scaling, (prepared, window) =>
      meanSquare(prepared, window * size, (window + 1) * size),
    ),
    ...VARIANCE_SHARES.map(([name, share]) => {
      const components = fitPrincipalComponents(windows, size, share);
      return createWindowed(name, scaling, ({ scaled }, window) =>
        residualError(components, scaled.subarray(window * size, (window + 1) * size)),
      );
    }),
  ];
}

type Uncalibrated = Omit<Detector, "threshold" | "normal">;

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
  name: DetectorName,
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
 * The threshold of a detector and its normal scores, as `calibrateFolds` and `chooseThresholds` find those for timesteps of
 * a network; undefined where there is no window to calibrate with.
 *
 * @param number of the detector in each fold.
 */
async function calibrateRows(
  number: number,
  dataset: Dataset,
  folds: readonly Fold[],
  { timesteps, falseAlarmRate }: BaselineSettings,
): Promise<Pick<Detector, "threshold" | "normal">> {
  const parts: Float64Array[] = [];
  let blocks = 0;
  for (const { detectors, scored } of folds) {
    for (const [index, starts] of startsBySeries(scored)) {
      const series = dataset.series[index]!;
      const scores = await detectors[number]!.scoreRows(series, starts);
      const covered = stitchScores(new Float64Array(starts.length).fill(1), starts, timesteps, series.rows);
      parts.push(scores.filter((_, row) => covered[row] === 1));
      blocks += countBlocks(starts, timesteps);
    }
  }
  if (parts.length === 0) return { threshold: undefined, normal: undefined };
  const sample = compressSample(Float64Array.from(parts.flatMap((part) => [...part])), blocks);
  const pValues = parts.map((part) => part.map((score) => pValue(sample, score)));
  return {
    threshold: conformalThreshold(sample, Math.max(falseAlarmRate, smallestFalseAlarmRate(sample))),
    normal: { sample, drift: describeNormal(pValues, timesteps) },
  };
}
