/** The window length of a data set, where it is to be chosen from the data. */
import type { Dataset } from "../data/dataset.js";
import { InputError } from "../errors.js";
import { chooseWindowLength, type WindowLength } from "../scoring/period.js";
import { findRuns } from "../scoring/windows.js";
import type { TrainOptions } from "./train-settings.js";

/** A window of one row holds nothing that a row does not. */
const LEAST_TIMESTEPS = 2;

/**
 * The window length that options ask for; where that is "auto", the one that suits the normal rows of a data set.
 *
 * @returns `chosen` where it was chosen.
 * @throws InputError where there are too few rows to choose by.
 */
export function settleTimesteps(
  dataset: Dataset,
  { architecture }: { readonly architecture: Pick<TrainOptions["architecture"], "timesteps"> },
): { timesteps: number; chosen: WindowLength | undefined } {
  const { timesteps } = architecture;
  if (timesteps !== "auto") return { timesteps, chosen: undefined };
  const chosen = chooseWindowLength(normalRuns(dataset), dataset.features);
  if (chosen.timesteps < LEAST_TIMESTEPS) {
    throw new InputError(
      "There are too few normal rows to choose a window length by (15 would do); name it with --timesteps.",
    );
  }
  return { timesteps: chosen.timesteps, chosen };
}

/** Consecutive rows without a gap and without a row labelled anomalous, each [rows, F]. */
export function normalRuns({ series, features, maxGapMs }: Dataset): Float64Array[] {
  const width = features.length;
  return series.flatMap(({ rows, values, timestampsMs, anomalous }) =>
    findRuns(rows, { timestampsMs, maxGapMs, groups: anomalous })
      .filter(({ start }) => anomalous?.[start] !== 1)
      .map(({ start, end }) => values.subarray(start * width, end * width)),
  );
}
