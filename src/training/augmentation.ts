/**
 * Changes windows at random while fitting, so that the network also learns normal windows that the training data do not
 * hold, but later data may.
 *
 * A window x becomes a x + u m. The changed window, clipped as all readings are, is both what the network reads and
 * what it is trained to reconstruct. Calendar inputs stay as they are.
 *
 * - Slow trend D shifts a window. m [F] is the level of the window's series around a random row, less the mean level of
 *   the series, and u is uniform in [-D, D). A network reconstructs the levels that it was fitted on, so it would take
 *   every slow drift that comes later for an anomaly; here it sees in which directions the levels move.
 * - Amplitude S enlarges a window. log a is uniform in [0, log S), and the loss of the window is divided by a. A network
 *   reconstructs windows that are larger than those it was fitted on too small. Without the division, the enlarged
 *   windows would dominate the loss.
 */
import type { Random } from "../network/random.js";
import type { ScoringModel } from "../scoring/window-scoring.js";
import { SeriesLevels } from "./series-levels.js";
import type { WindowSource } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** What is changed, and how much. */
export interface AugmentationOptions {
  /** D, above 0; undefined for none. */
  readonly slowTrend: number | undefined;
  /** S, above 1; undefined for none. */
  readonly amplitude: number | undefined;
}

/** What is known of the windows that are changed. */
type AugmentedModel = Pick<ScoringModel, "features" | "clip"> & Partial<Pick<ScoringModel, "calendarInputs">>;

/** Changes the windows of one set. */
export interface Augmentation {
  /**
   * Changes windows in place.
   *
   * @param windows [numbers.length, T, F + C], scaled: the windows of the set with these numbers.
   * @returns [numbers.length]: the weight of each window's loss; undefined where all weights are 1.
   */
  augment(windows: Float32Array, numbers: ArrayLike<number>, random: Random): Float32Array | undefined;
}

/**
 * The augmentation of a set of windows; undefined where both options are off.
 * @param source reads the windows of the set, [T, F].
 * @param model whose network reads the windows that are changed, [T, F + C].
 */
export function createAugmentation(
  set: WindowSet,
  source: WindowSource,
  { features, clip, calendarInputs }: AugmentedModel,
  { slowTrend, amplitude }: AugmentationOptions,
): Augmentation | undefined {
  if (slowTrend === undefined && amplitude === undefined) return undefined;
  const levels = slowTrend === undefined ? undefined : new SeriesLevels(set, source, features);
  const limit = clip ?? Number.POSITIVE_INFINITY;
  return {
    augment(windows, numbers, random) {
      const size = windows.length / numbers.length;
      const width = features + (calendarInputs?.width ?? 0);
      const weights = amplitude === undefined ? undefined : new Float32Array(numbers.length);
      for (let i = 0, from = 0; i < numbers.length; i++, from += size) {
        const factor = amplitude === undefined ? 1 : amplitude ** random.uniform();
        if (weights !== undefined) weights[i] = 1 / factor;
        const share = slowTrend === undefined ? 0 : slowTrend * (2 * random.uniform() - 1);
        const row = levels?.drawLevel(set.series[numbers[i]!]!, random) ?? 0;
        for (let at = 0; at < size; at++) {
          const feature = at % width;
          if (feature >= features) continue;
          const level = levels?.values[row * features + feature] ?? 0;
          const moved = factor * windows[from + at]! + share * level;
          windows[from + at] = Math.min(Math.max(moved, -limit), limit);
        }
      }
      return weights;
    },
  };
}
