/** Real windows that are published with a model: replayed whenever it is loaded, and a first request for its users. */

import type { Dataset } from "../data/dataset.js";
import type { Executable, Outputs } from "../engine/engine.js";
import type { ScoringModel } from "../scoring/window-scoring.js";
import { gatherTimes, gatherWindows, prepareNumbered, spreadNumbers } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** A few real windows and the outputs of the network for them. */
export interface ExampleWindows {
  readonly count: number;
  /** [count, T, F] in the file's units; NaN where a reading is missing. */
  readonly readings: Float64Array;
  /** [count, T]; undefined where the rows have no times. */
  readonly timestampsMs: Float64Array | undefined;
  /** [count, T, F], scaled, with calendar inputs behind the readings of each row where the model has some. */
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
  const timestampsMs = gatherTimes(dataset, set, scoring.timesteps, numbers);
  const windows = prepareNumbered(dataset, set, scoring, numbers).inputs;
  return { count, readings, timestampsMs, windows, outputs: await executable.run(windows, count) };
}
