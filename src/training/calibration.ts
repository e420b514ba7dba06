/** The threshold of a model, from the scores that the service would give to windows after those it was fitted on. */

import type { Dataset } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import {
  type Calibration,
  type CalibrationSample,
  compressSample,
  conformalThreshold,
  smallestFalseAlarmRate,
} from "../scoring/thresholds.js";
import { countBlocks } from "../scoring/windows.js";
import { type NormalPart, normalPart } from "./fit-alarms.js";
import { scoreSeries } from "./series-scoring.js";
import { startsBySeries, type WindowSet } from "./window-set.js";

/** How calibration windows are taken, and who watches. */
export interface CalibrateOptions {
  /**
   * The windows of the sample are this many rows apart. The scores of timesteps
   * are stitched from all windows.
   */
  readonly stride: number;
  readonly onWindows?: ((done: number, of: number) => void) | undefined;
}

/** Normal scores by scorer, as they came, without NaN. */
export interface NormalScores {
  /** How many of the windows do not overlap. */
  readonly blocks: number;
  readonly scores: ReadonlyMap<ScorerName, { readonly windows: number[]; readonly timesteps: number[] }>;
  /** By series, in order of time: what events are counted on. */
  readonly parts: readonly NormalPart[];
}

/**
 * Scores windows with every scorer that the model has, window by window and stitched to timesteps.
 *
 * @param windows at a stride of 1, at least one.
 */
export async function scoreNormal(
  executable: Executable,
  model: ScoringModel,
  dataset: Dataset,
  windows: WindowSet,
  options: CalibrateOptions,
): Promise<NormalScores> {
  const scorers = SCORER_NAMES.filter((scorer) => model.has(scorer));
  const samples = new Map(
    scorers.map((scorer) => [scorer, { windows: [] as number[], timesteps: [] as number[] }]),
  );
  const parts: NormalPart[] = [];
  let blocks = 0;
  let done = 0;
  for (const [index, starts] of startsBySeries(windows)) {
    const series = dataset.series[index]!;
    const { scores } = await scoreSeries(executable, model, scorers, series, starts, {
      onWindows: (scored) => options.onWindows?.(done + scored, windows.count),
    });
    parts.push(normalPart(scores, starts, model.timesteps));
    done += starts.length;
    blocks += countBlocks(starts, model.timesteps);
    const kept = everyStride(starts, options.stride);
    for (const [scorer, sample] of samples) {
      const own = scores[scorer]!;
      for (const number of kept) {
        if (!Number.isNaN(own.windows[number]!)) sample.windows.push(own.windows[number]!);
      }
      for (const score of own.timesteps) if (!Number.isNaN(score)) sample.timesteps.push(score);
    }
  }
  return { blocks, scores: samples, parts };
}

/**
 * The calibration from normal scores of one or more fits, pooled: what is normal is what any of them saw after the rows
 * that it was fitted on.
 *
 * @param parts at least one, all of the same scorers.
 */
export function poolCalibration(parts: readonly NormalScores[]): Calibration {
  const blocks = parts.reduce((sum, part) => sum + part.blocks, 0);
  const pool = (scorer: ScorerName, kind: "windows" | "timesteps") =>
    compressSample(Float64Array.from(parts.flatMap(({ scores }) => scores.get(scorer)![kind])), blocks);
  return Object.fromEntries(
    [...parts[0]!.scores.keys()].map((scorer) => [
      scorer,
      { windows: pool(scorer, "windows"), timesteps: pool(scorer, "timesteps") },
    ]),
  );
}

/** The indices of starts that are `stride` rows or more apart. */
function everyStride(starts: Int32Array, stride: number): number[] {
  const kept: number[] = [];
  let next = Number.NEGATIVE_INFINITY;
  starts.forEach((start, number) => {
    if (start < next) return;
    kept.push(number);
    next = start + stride;
  });
  return kept;
}

/** Thresholds with the rate of false alarms that they keep. */
export interface ConformalThresholds {
  readonly falseAlarmRate: number;
  /** A window is anomalous above this score. */
  readonly value: number;
  /** A stitched timestep is anomalous above this score. */
  readonly timestepValue: number;
  readonly warnings: readonly string[];
}

/** A rate is a guess where the independent blocks of the sample hold fewer false alarms than this. */
const FEWEST_BLOCK_ALARMS = 1;

/**
 * The thresholds for a false-alarm rate. Where the sample is too small for it, the thresholds are for the smallest rate
 * that the sample allows, with a warning. There is a warning too where a rate rests on few independent blocks.
 */
export function chooseThresholds(
  calibration: Calibration,
  scorer: ScorerName,
  falseAlarmRate: number,
): ConformalThresholds {
  const { windows, timesteps } = calibration[scorer]!;
  const smallest = Math.max(smallestFalseAlarmRate(windows), smallestFalseAlarmRate(timesteps));
  const rate = Math.max(falseAlarmRate, smallest);
  const warnings: string[] = [];
  if (rate > falseAlarmRate) {
    warnings.push(
      `${windows.n} calibration windows cannot carry a false-alarm rate of ${falseAlarmRate}; the threshold is set for ${format(rate)}, the smallest they can.`,
    );
  }
  if (windows.blocks * rate < FEWEST_BLOCK_ALARMS) {
    warnings.push(describeBlocks(windows, rate));
  }
  return {
    falseAlarmRate: rate,
    value: conformalThreshold(windows, rate),
    timestepValue: conformalThreshold(timesteps, rate),
    warnings,
  };
}

function describeBlocks(windows: CalibrationSample, rate: number): string {
  const blocks = windows.blocks === 1 ? "1 independent block" : `${windows.blocks} independent blocks`;
  return `The false-alarm rate of ${format(rate)} rests on ${blocks} of calibration windows, too few to know it well (${Math.ceil(1 / rate)} would do): more rows help.`;
}

function format(rate: number): string {
  return String(Number(rate.toPrecision(3)));
}
