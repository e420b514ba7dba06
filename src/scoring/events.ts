/** Events: runs of anomalous timesteps, and which features they are about. */

export interface AnomalyEvent {
  /** 1 for the first event of a series. */
  readonly id: number;
  /** The first anomalous timestep. */
  readonly start: number;
  /** The last anomalous timestep: an event of one timestep starts and ends with it. */
  readonly end: number;
  /** The timestep of the highest score. */
  readonly peak: number;
  /** The score at the peak. */
  readonly score: number;
  /** Every feature's share of the error of the windows that cover the event, largest first; together 1. */
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** Where the shares come from: the windows a series was cut into, and their errors by feature. */
export interface EventWindows {
  /** [n], increasing. */
  readonly starts: ArrayLike<number>;
  readonly timesteps: number;
  /** [n, F]; NaN counts for nothing. */
  readonly featureError: Float64Array;
  /** [F] */
  readonly featureNames: readonly string[];
}

/** Rows looked at, or errors summed, before others get a turn: at most a millisecond's work. */
const STEPS_A_TURN = 32_768;

/**
 * Joins neighbouring anomalous timesteps to events, in order of time.
 *
 * @param score [N]: stitched scores.
 * @param anomalous [N]: 1 where the timestep is anomalous; anything else, no verdict too, ends an event.
 * @returns a feature's share is the sum of its errors over the windows that cover the event, each weighted by
 *   how many of the event's timesteps it covers.
 */
export function findEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
): AnomalyEvent[] {
  return [...walkEvents(score, anomalous, windows)].filter((event) => event !== undefined);
}

/**
 * The events of `findEvents` one by one, for who has other things to do in between: undefined where some work was done
 * and there is no event yet.
 */
export function* walkEvents(
  score: Float64Array,
  anomalous: ArrayLike<number>,
  windows: EventWindows,
): Generator<AnomalyEvent | undefined, void> {
  const turns = new Turns();
  let id = 0;
  for (let start = 0; start < score.length; start++) {
    if (turns.isOver(1)) yield undefined;
    if (anomalous[start] !== 1) continue;
    let end = start;
    let peak = start;
    while (end + 1 < score.length && anomalous[end + 1] === 1) {
      if (turns.isOver(1)) yield undefined;
      end++;
      if (score[end]! > score[peak]!) peak = end;
    }
    id++;
    const features = yield* featureShares(start, end, windows, turns);
    yield { id, start, end, peak, score: score[peak]!, features };
    start = end;
  }
}

/** Counts the steps of a piece of work that others wait beside. */
class Turns {
  #left = STEPS_A_TURN;

  isOver(steps: number): boolean {
    this.#left -= steps;
    if (this.#left > 0) return false;
    this.#left = STEPS_A_TURN;
    return true;
  }
}

function* featureShares(
  start: number,
  end: number,
  windows: EventWindows,
  turns: Turns,
): Generator<undefined, AnomalyEvent["features"]> {
  const { starts, timesteps, featureError, featureNames } = windows;
  const features = featureNames.length;
  const sums = new Float64Array(features);
  for (let i = firstFrom(starts, start - timesteps + 1); i < starts.length && starts[i]! <= end; i++) {
    if (turns.isOver(features)) yield undefined;
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
