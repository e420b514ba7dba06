/** The errors of windows by timestep, feature and head, from what the network made of them. */
import { type Arrays, OWN_ARRAYS } from "./arrays.js";
import type { NetworkOutputs, PreparedWindows } from "./network-windows.js";
import { boundError, type ErrorKind } from "./residuals.js";
import type { ScoringModel } from "./scoring-model.js";

/** Errors of n windows, in scaled units: at most FLOAT32_MAX, NaN where there is no reading to compare. */
export interface WindowErrors {
  /** [n, T], of the main head: `reconstruction` or, without one, `prediction`. */
  readonly timestepError: Float64Array;
  /** [n, F], of the main head. */
  readonly featureError: Float64Array;
  /** By head: [n, head.steps], in time order. */
  readonly headErrors: readonly Float64Array[];
  /** [n, T], over all heads but a linear one; `timestepError` itself where there is only one. */
  readonly pooledError: Float64Array;
  /** [n]: 1 where the network gave a number that is not finite. */
  readonly saturated: Uint8Array;
}

/** Which of the prepared windows are taken, and where the arrays of the result come from. */
export interface WindowSpan {
  /** The first window; 0 where it is left out. */
  readonly from?: number;
  /** How many windows; all from `from` on where it is left out. */
  readonly count?: number;
  readonly arrays?: Arrays;
}

/**
 * Errors are means over the readings that are there, accumulated in float64.
 *
 * @param outputs the network's answers to the windows `from` up to `from + count` of `prepared`.
 */
export function measureErrors(
  model: ScoringModel,
  error: ErrorKind,
  prepared: PreparedWindows,
  outputs: NetworkOutputs,
  { from = 0, count = prepared.count - from, arrays = OWN_ARRAYS }: WindowSpan = {},
): WindowErrors {
  const { timesteps, features, heads, mainHead, linearHead, hasSeveralHeads } = model;
  const size = timesteps * features;
  const { scaled, present } = prepared;
  const { main, others, linear } = model.sums[error];
  const timestepError = arrays.float64(count * timesteps);
  const pooledError = hasSeveralHeads ? arrays.float64(count * timesteps) : timestepError;
  const featureError = arrays.float64(count * features);
  const headErrors = heads.map((head) => arrays.float64(count * head.steps));
  const saturated = arrays.uint8(count);
  const gaps = present === undefined ? undefined : { scaled, present };
  const units = count === 0 ? 0 : outputs.embedding.length / count;

  for (let window = 0; window < count; window++) {
    const at = (from + window) * size;
    main.clear();
    if (hasSeveralHeads) others.clear();
    if (linearHead >= 0) linear.clear();
    for (let h = 0; h < heads.length; h++) {
      const head = heads[h]!;
      const output = outputs.heads[h]!;
      const row = window * head.steps;
      const own = h === mainHead ? main : h === linearHead ? linear : others;
      if (gaps === undefined) own.addHead(head, scaled, at, output, headErrors[h]!, row);
      else own.addHeadWithGaps(head, gaps, at, output, headErrors[h]!, row);
    }
    let probe = main.probe + (hasSeveralHeads ? others.probe : 0) + (linearHead >= 0 ? linear.probe : 0);
    for (let unit = window * units; unit < (window + 1) * units; unit++) {
      probe += outputs.embedding[unit]! * 0;
    }
    saturated[window] = probe === 0 ? 0 : 1;
    const first = window * timesteps;
    for (let step = 0; step < timesteps; step++) {
      timestepError[first + step] = boundError(main.timestep[step]! / main.timestepReadings[step]!);
    }
    for (let step = 0; step < timesteps && hasSeveralHeads; step++) {
      const sum = main.timestep[step]! + others.timestep[step]!;
      pooledError[first + step] = boundError(
        sum / (main.timestepReadings[step]! + others.timestepReadings[step]!),
      );
    }
    for (let feature = 0; feature < features; feature++) {
      const mean = main.feature[feature]! / main.featureReadings[feature]!;
      featureError[window * features + feature] = boundError(mean);
    }
  }
  return { timestepError, featureError, headErrors, pooledError, saturated };
}
