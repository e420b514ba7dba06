/**
 * Windows as they might have been: training on a stretch of time for one that comes later.
 *
 * A window x becomes a x + u m, clipped as readings are, in what the network reads and in what it is to give alike:
 *
 * - Slow trend D: m, a number a feature, is how far the level of the window's series around a place drawn at random is
 *   from its mean level, and u is uniform in [-D, D). An autoencoder gives again the levels that it was fitted on, and
 *   takes each slow drift after them for an anomaly. This shows it along which lines the levels of a series move.
 * - Amplitude S: log a is uniform in [0, log S), and the loss of the window is divided by a. An autoencoder falls
 *   short of windows larger than those it was fitted on; the division keeps large windows from ruling the fit.
 */
import type { Random } from "../network/random.js";
import type { ScoringModel } from "../scoring/window-scoring.js";
import { SeriesLevels } from "./series-levels.js";
import type { WindowSource } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

export interface AugmentationOptions {
  /** D, above 0; undefined for none. */
  readonly slowTrend: number | undefined;
  /** S, above 1; undefined for none. */
  readonly amplitude: number | undefined;
}

export interface Augmentation {
  /**
   * Changes windows in their place.
   *
   * @param windows [numbers.length, T, F], scaled: the windows of the set with these numbers.
   * @returns [numbers.length]: what the loss of each is multiplied by; undefined where it counts as it is.
   */
  augment(windows: Float32Array, numbers: ArrayLike<number>, random: Random): Float32Array | undefined;
}

/**
 * The augmentation of a set of windows; undefined where no option asks for one.
 *
 * @param source the windows of the set.
 */
export function createAugmentation(
  set: WindowSet,
  source: WindowSource,
  { features, clip }: Pick<ScoringModel, "features" | "clip">,
  { slowTrend, amplitude }: AugmentationOptions,
): Augmentation | undefined {
  if (slowTrend === undefined && amplitude === undefined) return undefined;
  const levels = slowTrend === undefined ? undefined : new SeriesLevels(set, source, features);
  const limit = clip ?? Number.POSITIVE_INFINITY;
  return {
    augment(windows, numbers, random) {
      const size = windows.length / numbers.length;
      const weights = amplitude === undefined ? undefined : new Float32Array(numbers.length);
      for (let i = 0, from = 0; i < numbers.length; i++, from += size) {
        const factor = amplitude === undefined ? 1 : amplitude ** random.uniform();
        if (weights !== undefined) weights[i] = 1 / factor;
        const share = slowTrend === undefined ? 0 : slowTrend * (2 * random.uniform() - 1);
        const place = levels?.drawPlace(set.series[numbers[i]!]!, random) ?? 0;
        for (let at = 0; at < size; at++) {
          const level = levels?.values[place * features + (at % features)] ?? 0;
          const moved = factor * windows[from + at]! + share * level;
          windows[from + at] = Math.min(Math.max(moved, -limit), limit);
        }
      }
      return weights;
    },
  };
}
