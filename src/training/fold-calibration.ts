/** What the models of forward folds make of the rows after those they were fitted on: the calibration of the last fit. */
import type { Dataset } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import { ScorerFitting } from "../scoring/scorer-fitting.js";
import { type FittedScorers, SCORERS, type ScorerName } from "../scoring/scorers/scorers.js";
import { prepareScoring, suits } from "../scoring/scoring-model.js";
import {
  type Calibration,
  compressSample,
  conformalThreshold,
  smallestFalseAlarmRate,
} from "../scoring/thresholds.js";
import { type NormalScores, poolCalibration, scoreNormal } from "./calibration.js";
import type { NormalPart } from "./fit-alarms.js";
import type { FittedModel } from "./fit-model.js";
import { addWindows } from "./fit-scorers.js";
import type { TrainEvents, WindowCounts } from "./train-settings.js";
import type { WindowSet } from "./window-set.js";

/** The model of one fold, ready to score. */
export interface FoldModel {
  readonly fitted: FittedModel;
  readonly executable: Executable;
  readonly windows: WindowCounts;
  /** Those to score, at a stride of 1. */
  readonly scored: WindowSet;
}

/** What is kept of a fold in the training record. */
export interface FoldRecord {
  readonly windows: WindowCounts;
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly stopped: FittedModel["fit"]["stopped"];
  /** By scorer: the score that the false-alarm rate of this fold's normal timesteps exceeds. */
  readonly quantiles: Readonly<Partial<Record<ScorerName, number>>>;
}

/** What folds say about normal scores. */
export interface FoldCalibration {
  /** What the scorers have learnt. */
  readonly parameters: FittedScorers;
  readonly calibration: Calibration;
  /** Of all folds. */
  readonly parts: readonly NormalPart[];
  readonly folds: readonly FoldRecord[];
}

/**
 * Scores the rows after those that each model was fitted on, through the executable that serves, with every scorer.
 * Scores of all folds are pooled, and the scorers that learn have learnt from the same windows of all folds.
 *
 * @param stride of the windows in the sample; timesteps are stitched from all windows.
 */
export async function calibrateFolds(
  models: readonly FoldModel[],
  dataset: Dataset,
  { stride, falseAlarmRate }: { stride: number; falseAlarmRate: number },
  events: TrainEvents,
): Promise<FoldCalibration> {
  const fitting = new ScorerFitting(models[0]!.fitted.unfitted, scorersOfAll(models));
  for (const { fitted, executable, scored } of models) {
    await addWindows(fitting, executable, fitted.unfitted, dataset, scored);
  }
  const learnt = fitting.finish();
  const of = models.reduce((sum, { scored }) => sum + scored.count, 0);
  const parts: NormalScores[] = [];
  const records: FoldRecord[] = [];
  let done = 0;
  for (const { fitted, executable, scored, windows } of models) {
    const model = prepareScoring({ ...fitted.description, fitted: learnt }, scorersOfAll(models));
    const begun = done;
    const scores = await scoreNormal(executable, model, dataset, scored, {
      stride,
      onWindows: (count) => events.onCalibration?.(begun + count, of),
    });
    done += scored.count;
    parts.push(scores);
    const { epochs, bestEpoch, stopped } = fitted.fit;
    records.push({
      windows,
      epochs: epochs.length,
      bestEpoch,
      stopped,
      quantiles: quantilesOf(scores, falseAlarmRate),
    });
  }
  return {
    parameters: learnt,
    calibration: poolCalibration(parts),
    parts: parts.flatMap((fold) => fold.parts),
    folds: records,
  };
}

/** The scorers that every model can have: a fold whose windows do not differ has no linear path. */
function scorersOfAll(models: readonly FoldModel[]): typeof SCORERS {
  return SCORERS.filter((scorer) => models.every(({ fitted }) => suits(scorer, fitted.unfitted)));
}

function quantilesOf({ scores, blocks }: NormalScores, falseAlarmRate: number): FoldRecord["quantiles"] {
  return Object.fromEntries(
    [...scores].flatMap(([scorer, { timesteps }]) => {
      if (timesteps.length === 0) return [];
      const sample = compressSample(Float64Array.from(timesteps), blocks);
      return [[scorer, conformalThreshold(sample, Math.max(falseAlarmRate, smallestFalseAlarmRate(sample)))]];
    }),
  );
}

/** Folds whose quantiles are further apart than this factor say that the normal level moves. */
const MOST_APART = 2;

/** A sentence where the folds' quantiles differ much; undefined where they do not. */
export function describeQuantiles(
  records: readonly FoldRecord[],
  scorer: ScorerName,
  falseAlarmRate: number,
): string | undefined {
  const quantiles = records.flatMap(({ quantiles }) => quantiles[scorer] ?? []);
  const [low, high] = [Math.min(...quantiles), Math.max(...quantiles)];
  if (quantiles.length < 2 || !(high > MOST_APART * low)) return undefined;
  const [from, to] = [low, high].map((value) => String(Number(value.toPrecision(2))));
  return `The score that ${Number((100 * falseAlarmRate).toPrecision(3))} % of normal rows exceed is between ${from} and ${to} in the folds: the normal level moves, so that later rows may be flagged more often or less often than asked.`;
}
