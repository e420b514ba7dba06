/**
 * SKAB's LSTM autoencoder as its authors publish it (github.com/waico/SKAB, `notebooks/LSTM_AE.ipynb`, `core/LSTM_AE.py`;
 * Katser & Kozitsin 2020, doi:10.34740/KAGGLE/DSV/1693952), trained and run by this engine:
 *
 * - a network for each file, LSTM(100)-LSTM(100) with `relu`, on windows of ten standardised rows of the first 400;
 * - mean absolute error, Adam at 1e-3, batches of 32 in order of time, up to 100 epochs, which end after five without a
 *   lower error of the last tenth of the windows; the last weights are kept;
 * - a window is anomalous above 1.5 times the 0.99 quantile of the training windows' errors, and a row where the nine
 *   windows that begin in the nine rows before it are; no row of the first or last nine is;
 * - all rows of all files count, those learnt from too.
 *
 * It says whether the engine learns what Keras does. The tables of detection quality have no such rule.
 */
import type { TrainingEngine } from "../../../src/engine/engine.js";
import { type Counts, countStretch } from "../../../src/evaluation/metrics.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import type { Network } from "../../../src/network/network.js";
import { initialWeights, type Weights } from "../../../src/network/weights.js";
import { fitScaler } from "../../../src/scoring/scaler.js";
import { prepareScoring } from "../../../src/scoring/scoring-model.js";
import { prepareWindows } from "../../../src/scoring/window-scoring.js";
import type { SkabFile } from "./sets.js";

const TRAIN_ROWS = 400;
const TIMESTEPS = 10;
const EPOCHS = 100;
const PATIENCE = 5;
const BATCH = 32;
const VALIDATION = 0.1;
const STEP = { learningRate: 1e-3, clipNorm: undefined };
const QUANTILE = 0.99;
const ABOVE_QUANTILE = 1.5;

/** Trains on the first rows of a file, and counts verdicts on all of them. */
export async function countAsPublished(
  engine: TrainingEngine,
  file: SkabFile,
  seed: number,
): Promise<Counts> {
  const features = file.features.length;
  const network = buildNetwork({
    ...{ family: "reconstruction", timesteps: TIMESTEPS, features, units: [100], activation: "relu" },
  });
  const scaler = fitScaler("standard", file.values.subarray(0, TRAIN_ROWS * features), features);
  const description = { timesteps: TIMESTEPS, features, heads: network.heads, scaler };
  const scoring = prepareScoring({ ...description, clip: null, minCoverage: 0 });
  const windows = (rows: number) => {
    const starts = Int32Array.from({ length: rows - TIMESTEPS + 1 }, (_, start) => start);
    return prepareWindows(scoring, file.values, starts.length, undefined, starts).scaled;
  };
  const learnt = windows(TRAIN_ROWS);
  const weights = await train(engine, network, learnt, seed);
  const limit = ABOVE_QUANTILE * quantile(await errorsOf(engine, network, weights, learnt));
  const above = Array.from(
    await errorsOf(engine, network, weights, windows(file.rows)),
    (error) => error > limit,
  );
  const flagged = new Uint8Array(file.rows);
  for (let row = TIMESTEPS - 1; row <= above.length - TIMESTEPS; row++) {
    flagged[row] = above.slice(row - TIMESTEPS + 1, row).every(Boolean) ? 1 : 0;
  }
  return countStretch(file.anomalous, flagged, new Uint8Array(file.rows).fill(1));
}

async function train(
  engine: TrainingEngine,
  network: Network,
  windows: Float32Array,
  seed: number,
): Promise<Weights> {
  const size = TIMESTEPS * network.features;
  const count = windows.length / size;
  const fitted = Math.floor((1 - VALIDATION) * count);
  const cut = (from: number, to: number) => windows.subarray(from * size, to * size);
  const trainer = await engine.train(network, initialWeights(network, seed), { loss: "mae", seed });
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let epoch = 0, since = 0; epoch < EPOCHS && since < PATIENCE; epoch++) {
      for (let from = 0; from < fitted; from += BATCH) {
        const to = Math.min(from + BATCH, fitted);
        await trainer.step(cut(from, to), cut(from, to), to - from, STEP);
      }
      const error = await trainer.evaluate(cut(fitted, count), count - fitted);
      since = error < best ? 0 : since + 1;
      best = Math.min(best, error);
    }
    return trainer.weights();
  } finally {
    await trainer.close();
  }
}

/** [windows]: the mean absolute residual; a sum over features in place of the mean changes no verdict. */
async function errorsOf(
  engine: TrainingEngine,
  network: Network,
  weights: Weights,
  windows: Float32Array,
): Promise<Float64Array> {
  const size = TIMESTEPS * network.features;
  const executable = await engine.compile(network, weights);
  try {
    const output = (await executable.run(windows, windows.length / size)).heads[0]!;
    const errors = new Float64Array(windows.length / size);
    windows.forEach((x, i) => {
      errors[Math.floor(i / size)]! += Math.abs(x - output[i]!) / size;
    });
    return errors;
  } finally {
    await executable.close();
  }
}

/** Between the two nearest errors in proportion, as `pandas` has it. */
function quantile(errors: Float64Array): number {
  const sorted = errors.toSorted();
  const at = QUANTILE * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (at % 1) * (sorted[Math.ceil(at)]! - below);
}
