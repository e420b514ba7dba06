/** Real windows that are published with a model: replayed whenever it is loaded, and a first request for its users. */

import type { Dataset } from "../data/dataset.js";
import type { Executable, Outputs } from "../engine/engine.js";
import { prepareWindows, type ScoringModel } from "../scoring/window-scoring.js";
import { gatherWindows, spreadNumbers } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** A few real windows and the outputs of the network for them. */
export interface ExampleWindows {
  readonly count: number;
  /** [count, T, F] in the file's units; NaN where a reading is missing. */
  readonly readings: Float64Array;
  /** [count, T, F], scaled. */
  readonly windows: Float32Array;
  readonly outputs: Outputs;
}

const MOST_EXAMPLES = 3;

/** Runs a few windows of a set, evenly spaced, on the executable that serves. */
export async function runExamples(
  executable: Executable,
  scoring: ScoringModel,
  dataset: Dataset,
  set: WindowSet,
): Promise<ExampleWindows> {
  const numbers = spreadNumbers(set.count, MOST_EXAMPLES);
  const count = numbers.length;
  const readings = gatherWindows(dataset, set, scoring.timesteps, numbers);
  const windows = prepareWindows(scoring, readings, count).scaled;
  return { count, readings, windows, outputs: await executable.run(windows, count) };
}
