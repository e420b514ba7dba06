/** Counts the events of many rules on the same scores, without walking over the rows that concern none of them. */
import { type AlarmRule, bitsOfLast, countBits, LARGEST_N } from "./alarms.js";

/** The scores above some value, each with the rows since the one before. */
export class HighScores {
  readonly #scores: Float64Array;
  /** Rows from the high score before to this one; more than any rule looks at where another part begins. */
  readonly #steps: Int32Array;

  /**
   * @param parts [rows] each, NaN where there is no score; no event crosses into another.
   * @param above scores up to this value are left out: no rule that is counted may have a lower end value.
   */
  constructor(parts: readonly Float64Array[], above: number) {
    let count = 0;
    for (const part of parts) for (const score of part) if (score > above) count++;
    this.#scores = new Float64Array(count);
    this.#steps = new Int32Array(count);
    let at = 0;
    for (const part of parts) {
      let last = -LARGEST_N - 1;
      for (let row = 0; row < part.length; row++) {
        if (!(part[row]! > above)) continue;
        this.#scores[at] = part[row]!;
        this.#steps[at++] = row - last;
        last = row;
      }
    }
  }

  /** How many events `AlarmDetector` finds with this rule; the time goes with the number of high scores. */
  count({ threshold, endValue, k, n }: AlarmRule): number {
    const window = bitsOfLast(n);
    let events = 0;
    let open = false;
    let above = 0;
    let kept = 0;
    for (let i = 0; i < this.#scores.length; i++) {
      const score = this.#scores[i]!;
      const low = this.#steps[i]! - 1;
      if (low > 0) {
        above = low >= n ? 0 : (above << low) & window;
        kept = low >= n ? 0 : (kept << low) & window;
        // The rows left out only take from the count, so an event that one of them ended is still below k here.
        if (open && countBits(kept) < k) {
          open = false;
          above = 0;
          kept = 0;
        }
      }
      above = ((above << 1) | (score > threshold ? 1 : 0)) & window;
      kept = ((kept << 1) | (score > endValue ? 1 : 0)) & window;
      if (!open) {
        if (countBits(above) < k) continue;
        open = true;
        events++;
      } else if (countBits(kept) < k) {
        open = false;
        above = 0;
        kept = 0;
      }
    }
    return events;
  }
}
