/** How normal scores make events and how they follow each other, from scores of rows that were not fitted on. */
import type { Dataset } from "../data/dataset.js";
import { usualStepMs } from "../data/gaps.js";
import { InputError } from "../errors.js";
import { calibrateAlarms, fewestEventsPerRow } from "../scoring/alarm-choice.js";
import { describeNormal } from "../scoring/drift-reference.js";
import { eventsPerRow, type FalseAlarms, rowsPerUnit } from "../scoring/false-alarms.js";
import type { NormalBehaviour, ScorerBehaviour } from "../scoring/normal-behaviour.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import { type Calibration, type CalibrationSample, pValue } from "../scoring/thresholds.js";
import type { SeriesScores } from "./series-scoring.js";

/** Scores of consecutive normal rows of one series, all given by one fit that did not see the rows. */
export type NormalPart = Readonly<Partial<Record<ScorerName, Pick<SeriesScores, "timesteps" | "errors">>>>;

/** The rows of a series that its windows cover. @param starts at least one, increasing. */
export function normalPart(
  scores: Readonly<Partial<Record<ScorerName, SeriesScores>>>,
  starts: Int32Array,
  timesteps: number,
): NormalPart {
  const first = starts[0]!;
  const end = starts[starts.length - 1]! + timesteps;
  return Object.fromEntries(
    Object.entries(scores).map(([scorer, own]) => [
      scorer,
      { timesteps: own.timesteps.slice(first, end), errors: own.errors.slice(first, end) },
    ]),
  );
}

/**
 * The usual time between two rows; undefined where they have no times.
 *
 * @throws InputError where false alarms are asked for by a unit of time, and there are no times.
 */
export function stepOf({ series }: Dataset, falseAlarms: FalseAlarms | undefined): number | undefined {
  const stepMs = usualStepMs(series.flatMap(({ timestampsMs }) => timestampsMs ?? []));
  if (falseAlarms !== undefined && stepMs === undefined && falseAlarms.per !== "1000rows") {
    throw new InputError(
      `--false-alarms per ${falseAlarms.per} needs a time column; ask for events per 1000rows, as in ${falseAlarms.events}/1000rows.`,
    );
  }
  return stepMs;
}

export interface NormalRowsOptions {
  /** T */
  readonly timesteps: number;
  /** The samples that the parts were put together to; undefined for none. */
  readonly calibration: Calibration | undefined;
  /** The usual time between two rows; undefined where it is not known. */
  readonly stepMs: number | undefined;
  readonly falseAlarmRate: number;
  /** The false alarms that were asked for, if any, and the scorer that they are for. */
  readonly falseAlarms: FalseAlarms | undefined;
  readonly scorer: ScorerName;
}

/** So many of the stitched errors of normal rows are in their normal range. */
const NORMAL_SHARE = 0.99;

/**
 * Describes normal rows. Where they are too few for the false alarms that were asked for, the model is judged by the
 * fewest that they allow, with a warning.
 *
 * The number of timesteps that begin an event is chosen for those false alarms; without any, for as many events as
 * there are at the false-alarm rate of timesteps, if each lasts T of them.
 *
 * @param parts by fit and series.
 * @param onNote takes the warning.
 * @returns undefined without a calibration.
 */
export function describeNormalBehaviour(
  parts: readonly NormalPart[],
  options: NormalRowsOptions,
  onNote?: (sentence: string) => void,
): NormalBehaviour | undefined {
  const { timesteps, calibration, stepMs, falseAlarms, falseAlarmRate, scorer } = options;
  if (calibration === undefined) return undefined;
  const perRow = falseAlarms === undefined ? falseAlarmRate / timesteps : eventsPerRow(falseAlarms, stepMs);
  const scorers: Partial<Record<ScorerName, ScorerBehaviour>> = {};
  for (const name of SCORER_NAMES) {
    const sample = calibration[name]?.timesteps;
    if (sample === undefined) continue;
    const own = parts.flatMap((part) => part[name] ?? []);
    scorers[name] = describeScorer(own, sample, timesteps, perRow);
  }
  const own = scorers[scorer];
  if (falseAlarms === undefined || own === undefined) return { stepMs, falseAlarms: undefined, scorers };
  return { stepMs, falseAlarms: carriedFalseAlarms(falseAlarms, own, stepMs, onNote), scorers };
}

function describeScorer(
  parts: readonly Pick<SeriesScores, "timesteps" | "errors">[],
  sample: CalibrationSample,
  timesteps: number,
  perRow: number,
): ScorerBehaviour {
  const scores = parts.map((part) => part.timesteps);
  const pValues = scores.map((part) => part.map((score) => pValue(sample, score)));
  return {
    alarms: calibrateAlarms(scores, timesteps, perRow),
    errorLimit: upperQuantile(parts.map(({ errors }) => errors)),
    drift: describeNormal(pValues, timesteps),
  };
}

/** NORMAL_SHARE of all the errors are at most this; 0 where there is none. */
function upperQuantile(parts: readonly Float64Array[]): number {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let count = 0;
  for (const part of parts) for (const error of part) if (!Number.isNaN(error)) all[count++] = error;
  return all.subarray(0, count).sort()[Math.ceil(NORMAL_SHARE * count) - 1] ?? 0;
}

/** The false alarms asked for, or the fewest that the normal rows allow. */
function carriedFalseAlarms(
  asked: FalseAlarms,
  { alarms }: ScorerBehaviour,
  stepMs: number | undefined,
  onNote?: (sentence: string) => void,
): string {
  const { per } = asked;
  const text = `${decimal(asked.events)}/${per}`;
  if (eventsPerRow(asked, stepMs) >= fewestEventsPerRow(alarms)) return text;
  const least = fewestEventsPerRow(alarms) * rowsPerUnit(per, stepMs);
  // Rounded up to three digits, so that it is not below what the rows allow.
  const unit = 10 ** (Math.floor(Math.log10(least)) - 2);
  const events = Number(((Math.floor(least / unit) + 1) * unit).toPrecision(3));
  const fewest = `${decimal(events)}/${per}`;
  onNote?.(
    `${alarms.rows} normal rows to calibrate with are too few for ${text} false alarms; the threshold is set for ${fewest}, the fewest they allow.`,
  );
  return fewest;
}

/** A number above 0 without an exponent. */
function decimal(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  return value >= 1 ? BigInt(value).toString() : value.toFixed(20).replace(/0+$/, "");
}
