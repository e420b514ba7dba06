/**
 * Makes the network's input from readings, and errors and scores from the network's outputs.
 *
 *   readings [n, T, F] -> prepareWindows -> scaled float32, mask, calendar -> (engine) -> scoreWindows -> errors, score
 *
 * All of it runs for every request on the main thread, so it is plain loops over typed arrays.
 */
import { type Arrays, OWN_ARRAYS } from "./arrays.js";
import { type CalendarInputs, missingTimes } from "./calendar.js";
import type { NetworkOutputs, PreparedWindows } from "./network-windows.js";
import { FLOAT32_MAX, meanError } from "./residuals.js";
import type { ScorerName } from "./scorers/scorers.js";
import type { ScoringModel } from "./scoring-model.js";
import { measureErrors, type WindowErrors, type WindowSpan } from "./window-errors.js";

export type { NetworkOutputs, PreparedWindows } from "./network-windows.js";
export type { ScoringModel } from "./scoring-model.js";

/** Errors and scores of n windows. Where a window is saturated, its score is FLOAT32_MAX. */
export interface WindowScores extends Omit<WindowErrors, "pooledError"> {
  /** n */
  readonly count: number;
  /** [n]: the scorer's score; NaN for a window without a reading that a head answers for. */
  readonly score: Float64Array;
  /** [n]: the share of readings present. */
  readonly coverage: Float64Array;
}

/**
 * Scales windows: `Math.fround(clip((x - offset) / scale))`. A missing reading becomes the last reading of its feature
 * in the window, or the training mean before the first.
 *
 * @param readings [count, T, F], or a series [rows, F], in the caller's units; NaN = missing, everything else finite.
 * @param arrays where the arrays of the result come from.
 * @param starts [count]: for a series, the row that each window begins with.
 * @param timestampsMs [count, T], or those of a series [rows]: read where the model has calendar inputs.
 * @throws InputError where it has some, and there are no timestamps.
 */
export function prepareWindows(
  model: ScoringModel,
  readings: Float64Array,
  count: number,
  arrays: Arrays = OWN_ARRAYS,
  starts?: ArrayLike<number>,
  timestampsMs?: Float64Array,
): PreparedWindows {
  const prepared = prepareReadings(model, readings, count, arrays, starts);
  const { calendar, calendarInputs } = model;
  if (calendar === undefined || calendarInputs === undefined || count === 0) return prepared;
  if (timestampsMs === undefined) throw missingTimes(calendar, "The data have");
  const covariates =
    starts === undefined
      ? calendarInputs.of(timestampsMs)
      : calendarOfSeries(calendarInputs, timestampsMs, model.timesteps, starts, count);
  return { ...prepared, inputs: joinRows(prepared.scaled, covariates, count * model.timesteps, arrays) };
}

/** The calendar inputs of windows of a series: [count, T, C]. */
function calendarOfSeries(
  inputs: CalendarInputs,
  timestampsMs: Float64Array,
  timesteps: number,
  starts: ArrayLike<number>,
  count: number,
): Float32Array {
  const first = starts[0]!;
  const end = starts[count - 1]! + timesteps;
  const times = new Float64Array(count * timesteps);
  if (end - first >= times.length) {
    for (let window = 0; window < count; window++) {
      times.set(timestampsMs.subarray(starts[window]!, starts[window]! + timesteps), window * timesteps);
    }
    return inputs.of(times);
  }
  // Windows overlap: each row is computed once.
  const ofRows = inputs.of(timestampsMs.subarray(first, end));
  const size = timesteps * inputs.width;
  const all = new Float32Array(count * size);
  for (let window = 0; window < count; window++) {
    const from = (starts[window]! - first) * inputs.width;
    all.set(ofRows.subarray(from, from + size), window * size);
  }
  return all;
}

/**
 * Rows of a network's input: readings, then covariates.
 *
 * @param readings [rows, F]
 * @param covariates [rows, C]
 * @returns [rows, F + C]
 */
export function joinRows(
  readings: Float32Array,
  covariates: Float32Array,
  rows: number,
  arrays: Arrays = OWN_ARRAYS,
): Float32Array {
  const features = readings.length / rows;
  const others = covariates.length / rows;
  const joined = arrays.float32(rows * (features + others));
  for (let row = 0, at = 0, reading = 0, other = 0; row < rows; row++) {
    for (let i = 0; i < features; i++) joined[at++] = readings[reading++]!;
    for (let i = 0; i < others; i++) joined[at++] = covariates[other++]!;
  }
  return joined;
}

/** As `prepareWindows`, but for calendar inputs: `inputs` are the readings alone. */
export function prepareReadings(
  model: ScoringModel,
  readings: Float64Array,
  count: number,
  arrays: Arrays = OWN_ARRAYS,
  starts?: ArrayLike<number>,
): PreparedWindows {
  const { timesteps, features, windowScaler } = model;
  const size = timesteps * features;
  const scaled = arrays.float32(count * size);
  const coverage = arrays.float64(count).fill(1);
  let present: Uint8Array | undefined;
  for (let window = 0; window < count; window++) {
    const first = window * size;
    const readingsAt = starts === undefined ? first : starts[window]! * features;
    const missing = windowScaler.scale(readings, readingsAt, scaled, first);
    if (missing === 0) continue;
    present ??= arrays.uint8(count * size).fill(1);
    windowScaler.fillMissing(scaled, present, first);
    coverage[window] = (size - missing) / size;
  }
  return { count, scaled, inputs: scaled, present, coverage };
}

/**
 * Errors and scores of windows, from the residuals between them and what the network made of them.
 *
 * The errors are those that training made small: squared, or absolute where the loss is, of the head `reconstruction`
 * or, without one, of `prediction`, whatever the scorer. The scorer says of which errors, of all heads, or residuals it
 * makes the score.
 *
 * @param outputs the network's answers to the windows `from` up to `from + count` of `prepared`.
 */
export function scoreWindows(
  model: ScoringModel,
  scorer: ScorerName,
  prepared: PreparedWindows,
  outputs: NetworkOutputs,
  span: WindowSpan = {},
): WindowScores {
  const { from = 0, arrays = OWN_ARRAYS } = span;
  const { count = prepared.count - from } = span;
  const { timesteps, residuals } = model;
  const { error, window: windowScorer, scorer: own } = model.scorer(scorer);
  const errors = measureErrors(model, model.error, prepared, outputs, span);
  const read = error === model.error ? errors : measureErrors(model, error, prepared, outputs, span);
  const { pooledError, headErrors } = read;
  const view = { index: 0, meanError: 0, timestepError: pooledError, headErrors, residuals: residuals.heads };
  const score = arrays.float64(count);
  for (let window = 0; window < count; window++) {
    if (errors.saturated[window] === 1) {
      score[window] = FLOAT32_MAX;
      continue;
    }
    view.index = window;
    view.meanError = meanError(pooledError, window, timesteps);
    if (own.readsResiduals) residuals.fill(prepared, from + window, outputs.heads, window);
    score[window] = Math.min(windowScorer.score(view), FLOAT32_MAX);
  }
  const coverage = prepared.coverage.subarray(from, from + count);
  const { timestepError, featureError, headErrors: shown, saturated } = errors;
  return { count, score, coverage, timestepError, featureError, headErrors: shown, saturated };
}

/**
 * The values of a head in the caller's units and in time order: scaled * scale + offset, in float64.
 *
 * @param count how many windows `outputs` are of.
 * @returns [count, steps, F]; NaN where the network gave a number that is not finite.
 */
export function unscaleHead(
  model: ScoringModel,
  headIndex: number,
  outputs: NetworkOutputs,
  count = outputs.heads[headIndex]!.length / (model.heads[headIndex]!.steps * model.features),
): Float64Array {
  const { steps, reversed } = model.heads[headIndex]!;
  return model.windowScaler.unscale(outputs.heads[headIndex]!, count * steps, steps, reversed);
}
