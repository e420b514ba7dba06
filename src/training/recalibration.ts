/** Calibrates a model anew whose weights stay: on other normal rows than those it was fitted on. */
import type { Dataset } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import type { ScorerName } from "../scoring/scorers/scorers.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration } from "../scoring/thresholds.js";
import { checkTimes } from "./calendar-options.js";
import { poolCalibration, scoreNormal } from "./calibration.js";
import { type ExampleWindows, runExamples } from "./example-windows.js";
import { stepOf } from "./fit-alarms.js";
import { fitScorers } from "./fit-scorers.js";
import { chooseJudgement, type Judgement } from "./judgement.js";
import type { TrainEvents, TrainOptions } from "./train-settings.js";
import { usableStarts, windowsWithin } from "./window-set.js";

/** What is asked of a calibration, by the names of the training options. */
export type RecalibrationOptions = Pick<
  TrainOptions,
  "falseAlarmRate" | "falseAlarms" | "threshold" | "stride"
>;

/** All that a calibration gives. */
export interface Recalibration extends Judgement {
  readonly scoring: ScoringModel;
  readonly calibration: Calibration;
  /** How many windows were calibrated with, at a stride of 1. */
  readonly windows: number;
  readonly examples: ExampleWindows;
}

/**
 * Fits scorers, calibration, threshold, alarms and drift reference to the normal rows of a data set.
 *
 * @param model scaler and clip are kept, what its scorers have learnt is not.
 * @param defaultScorer stays the default.
 * @param dataset rows that the weights were not fitted on: scores of others are too small.
 * @throws InputError where there are too few rows.
 */
export async function recalibrate(
  executable: Executable,
  model: ScoringModel,
  defaultScorer: ScorerName,
  dataset: Dataset,
  options: RecalibrationOptions,
  events: TrainEvents = {},
): Promise<Recalibration> {
  const { timesteps, minCoverage, features, heads, scaler, clip, loss, calendar } = model;
  const stepMs = stepOf(dataset, options.falseAlarms);
  const notes: string[] = [];
  const starts = usableStarts(dataset, { timesteps, minCoverage }, notes);
  for (const note of notes) events.onNote?.(note);
  const windows = windowsWithin(
    starts,
    starts.map((own) => (own.length === 0 ? undefined : [own[0]!, own[own.length - 1]!])),
    1,
  );
  if (calendar !== undefined) checkTimes(dataset, calendar);
  const description = { timesteps, minCoverage, features, heads, scaler, clip, loss, calendar };
  const fitted = await fitScorers(executable, prepareScoring(description), dataset, windows);
  const scoring = prepareScoring({ ...description, fitted });
  const scores = await scoreNormal(executable, scoring, dataset, windows, {
    stride: options.stride ?? 1,
    onWindows: (done) => events.onCalibration?.(done, windows.count),
  });
  const calibration = poolCalibration([scores]);
  return {
    scoring,
    calibration,
    ...chooseJudgement(
      defaultScorer,
      calibration,
      scores.parts,
      { ...options, timesteps, stepMs },
      events.onNote,
    ),
    windows: windows.count,
    examples: await runExamples(executable, scoring, dataset, windows),
  };
}
