/** Events: runs of anomalous timesteps, each with the features that its error comes from. */

export interface AnomalyEvent {
  /** 1 for the first event of a series. */
  readonly id: number;
  /** The first anomalous timestep. */
  readonly start: number;
  /** The last anomalous timestep; equal to `start` for an event of one timestep. */
  readonly end: number;
  /** The timestep of the highest score. */
  readonly peak: number;
  /** The score at the peak. */
  readonly score: number;
  /** The share of each feature in the error of the windows that cover the event, largest first; they sum to 1. */
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** The windows that a series was cut into, with their errors by feature: the shares are computed from them. */
export interface EventWindows {
  /** [n]: the row of the series that each window begins with, increasing. */
  readonly starts: ArrayLike<number>;
  /** T: rows of a window. */
  readonly timesteps: number;
  /** [n, F]; NaN where a window has no error for a feature. */
  readonly featureError: Float64Array;
  /** [F] */
  readonly featureNames: readonly string[];
}

/** Rows looked at, or errors summed, between two pauses: at most a millisecond's work. */
const STEPS_BETWEEN_PAUSES = 32_768;

/**
 * Joins neighbouring anomalous timesteps to events.
 *
 * @param score [N]: stitched scores.
 * @param anomalous [N]: 1 where the timestep is anomalous; any other value, such as that for no verdict, ends an event.
 * @returns the events in order of time. The share of a feature is proportional to the sum of its errors over the windows
 *   that overlap the event, each weighted by the number of the event's timesteps that it covers.
 */
export function findEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
): AnomalyEvent[] {
  return [...walkEvents(score, anomalous, windows)].filter((event) => event !== undefined);
}

/**
 * As `findEvents`, one event at a time. It yields undefined at a pause, when it has worked for about a millisecond and has
 * no event yet, so that the caller can give way to other work.
 */
export function* walkEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
): Generator<AnomalyEvent | undefined, void> {
  const pauses = new Pauses();
  let id = 0;
  for (let start = 0; start < score.length; start++) {
    if (pauses.isDue(1)) yield undefined;
    if (anomalous[start] !== 1) continue;
    let end = start;
    let peak = start;
    while (end + 1 < score.length && anomalous[end + 1] === 1) {
      if (pauses.isDue(1)) yield undefined;
      end++;
      if (score[end]! > score[peak]!) peak = end;
    }
    id++;
    const features = yield* featureShares(start, end, windows, pauses);
    yield { id, start, end, peak, score: score[peak]!, features };
    start = end;
  }
}

/** Counts steps of work, and says when it is time for a pause. */
class Pauses {
  #left = STEPS_BETWEEN_PAUSES;

  isDue(steps: number): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    this.#left = STEPS_BETWEEN_PAUSES;
    return true;
  }
}

function* featureShares(
  start: number,
  end: number,
  windows: EventWindows,
  pauses: Pauses,
): Generator<undefined, AnomalyEvent["features"]> {
  const { starts, timesteps, featureError, featureNames } = windows;
  const features = featureNames.length;
  const sums = new Float64Array(features);
  for (let i = firstFrom(starts, start - timesteps + 1); i < starts.length && starts[i]! <= end; i++) {
    if (pauses.isDue(features)) yield undefined;
    const overlap = Math.min(end + 1, starts[i]! + timesteps) - Math.max(start, starts[i]!);
    for (let feature = 0; feature < features; feature++) {
      const error = featureError[i * features + feature]!;
      if (!Number.isNaN(error)) sums[feature]! += error * overlap;
    }
  }
  const total = sums.reduce((a, b) => a + b, 0);
  return featureNames
    .map((name, feature) => ({ name, share: total > 0 ? sums[feature]! / total : 1 / features }))
    .sort((a, b) => b.share - a.share);
}

/** The first index whose start is not below `row`. */
function firstFrom(starts: ArrayLike<number>, row: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! >= row) high = middle;
    else low = middle + 1;
  }
  return low;
}
