/** What the scorers learn from normal windows, run through the executable that serves. */

import type { Dataset } from "../data/dataset.js";
import type { Executable } from "../engine/engine.js";
import { ScorerFitting } from "../scoring/scorer-fitting.js";
import type { Scorer } from "../scoring/scorers/scorer.js";
import { type FittedScorers, SCORERS } from "../scoring/scorers/scorers.js";
import type { ScoringModel } from "../scoring/scoring-model.js";
import { prepareNumbered } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** Windows in one run of the engine. */
const CHUNK_WINDOWS = 512;

/**
 * Fits every scorer that learns.
 *
 * @param windows normal ones, at least one; not those of the calibration sample, whose scores would come out too small.
 * @throws InputError where they are too few for a scorer.
 */
export async function fitScorers(
  executable: Executable,
  model: ScoringModel,
  dataset: Dataset,
  windows: WindowSet,
  scorers: readonly Scorer[] = SCORERS,
): Promise<FittedScorers> {
  const fitting = new ScorerFitting(model, scorers);
  await addWindows(fitting, executable, model, dataset, windows);
  return fitting.finish();
}

/** Gives the windows of a set, as a model reads them, to the scorers that learn. */
export async function addWindows(
  fitting: ScorerFitting,
  executable: Executable,
  model: ScoringModel,
  dataset: Dataset,
  windows: WindowSet,
): Promise<void> {
  for (let from = 0; from < windows.count && !fitting.isEmpty; from += CHUNK_WINDOWS) {
    const count = Math.min(CHUNK_WINDOWS, windows.count - from);
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    const prepared = prepareNumbered(dataset, windows, model, numbers);
    fitting.add(prepared, await executable.run(prepared.inputs, count), model);
  }
}
