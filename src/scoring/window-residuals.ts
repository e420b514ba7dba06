/** The residuals of one window by head, for scorers that need more than sums, and for what each reading contributes. */
import type { ScoringShape } from "./scorers/scorer.js";

export class WindowResiduals {
  readonly #shape: ScoringShape;
  /** By head, [steps, F] in time order: reading - output in scaled units, NaN where the reading is missing. */
  readonly heads: readonly Float64Array[];

  constructor(shape: ScoringShape) {
    this.#shape = shape;
    this.heads = shape.heads.map(({ steps }) => new Float64Array(steps * shape.features));
  }

  /**
   * Fills in the residuals of one window.
   *
   * @param window.scaled [n, T, F], `window.present` the same, 0 where a reading is missing.
   * @param at the number of the window among those.
   * @param outputs by head, [m, steps, F].
   * @param outputAt the number of the window among those.
   */
  fill(
    { scaled, present }: { readonly scaled: Float32Array; readonly present: Uint8Array | undefined },
    at: number,
    outputs: readonly Float32Array[],
    outputAt: number,
  ): void {
    const { timesteps, features, heads } = this.#shape;
    for (const [h, { start, steps, reversed }] of heads.entries()) {
      const output = outputs[h]!;
      const residuals = this.heads[h]!;
      for (let step = 0; step < steps; step++) {
        let o = (outputAt * steps + (reversed ? steps - 1 - step : step)) * features;
        let i = (at * timesteps + start + step) * features;
        for (let r = step * features; r < (step + 1) * features; r++, i++, o++) {
          residuals[r] = present === undefined || present[i] === 1 ? scaled[i]! - output[o]! : Number.NaN;
        }
      }
    }
  }
}
