/**
 * The fit loop: epochs of shuffled batches, with a validation loss after each that decides when to stop.
 *
 *   epoch: shuffle -> batches -> (augment) -> (corrupt) -> trainer.step -> validation loss
 *     the best so far: keep the weights
 *     no better for some epochs: halve the learning rate, then stop
 */
import type { Trainer } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { type Corruption, rowShape } from "../network/network.js";
import { Random } from "../network/random.js";
import type { Weights } from "../network/weights.js";
import type { Augmentation } from "./augmentation.js";
import { defaultBudget } from "./budget.js";
import { corruptWindows } from "./corruption.js";
import type { FittedLinearPath } from "./linear-path.js";
import { spreadNumbers, type WindowSource } from "./window-reader.js";

/** How a network is fitted. */
export interface FitOptions {
  /** The most epochs; undefined for a default that `defaultBudget` takes from the size of an epoch. */
  readonly epochs: number | undefined;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Training stops after this many epochs without a better validation loss; 0 never; undefined as for `epochs`. */
  readonly patience: number | undefined;
  /** Largest L2 norm of all gradients of a step together. */
  readonly clipNorm: number;
  /** An epoch sees each window once, or this many drawn anew for each epoch where there are more. */
  readonly windowsPerEpoch: number;
  readonly corruption?: Corruption | undefined;
  /** Applied to the windows that are fitted on; validation windows are never changed. */
  readonly augmentation?: Augmentation | undefined;
  /**
   * A linear path that is taken off each window after augmentation and corruption; undefined where there is none, or
   * it is taken off already.
   */
  readonly linearPath?: FittedLinearPath | undefined;
  /** The learning rate of each epoch, of at least as many as there are; undefined to begin with `learningRate`. */
  readonly learningRates?: readonly number[] | undefined;
  /** Seed of the order of windows, the corruption and the augmentation. */
  readonly seed: number;
  /** When it is aborted, training ends with the current epoch and gives the weights that it has. */
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: { epoch: number; windows: number; of: number }) => void) | undefined;
  readonly onEpoch?: ((epoch: EpochRecord) => void) | undefined;
}

/** What came of one epoch. */
export interface EpochRecord {
  /** 1 for the first. */
  readonly epoch: number;
  /** The mean loss of the epoch's batches, each before its step. */
  readonly loss: number;
  /** After the epoch; undefined without validation windows. */
  readonly validationLoss: number | undefined;
  readonly learningRate: number;
  readonly best: boolean;
}

/** The weights and how they came about. */
export interface FitResult {
  /** Of the epoch with the best validation loss, or of the last without validation. */
  readonly weights: Weights;
  readonly bestEpoch: number;
  readonly epochs: readonly EpochRecord[];
  readonly stopped: "epochs" | "patience" | "aborted";
}

/** Validation looks at no more windows than this, evenly spaced: more would only make the epoch longer. */
const MOST_VALIDATION_WINDOWS = 8192;
/** A loss is better only if it is below the best so far by this share of it. */
const LEAST_GAIN = 1e-3;
const DECAY = 0.5;
/** The learning rate is never decayed below this share of its first value. */
const LEAST_DECAYED = 0.01;

/**
 * Fits a network to windows. The same seed and windows give the same weights.
 *
 * With validation windows, the learning rate is halved after half of `patience` epochs without a better
 * validation loss, training stops after all of them, and the best epoch's weights are given. Without, training
 * runs all its epochs at one learning rate, or those of `learningRates`, and the last weights are given.
 *
 * @throws InputError where the loss or a weight is no longer a finite number: training has diverged.
 */
export async function fit(
  trainer: Trainer,
  windows: WindowSource,
  validation: WindowSource,
  options: FitOptions,
): Promise<FitResult> {
  const seeds = new Random(options.seed);
  const order = new Random(seeds.uint32());
  const noise = new Random(seeds.uint32());
  const variation = new Random(seeds.uint32());
  const numbers = Uint32Array.from({ length: windows.count }, (_, number) => number);
  const validationWindows = validation.read(spreadNumbers(validation.count, MOST_VALIDATION_WINDOWS));
  const validationCount = Math.min(validation.count, MOST_VALIDATION_WINDOWS);
  const watched = validationCount > 0;
  const row = rowShape(trainer.network);
  const epochs: EpochRecord[] = [];
  const budget = defaultBudget(windows.count, options);
  const most = options.epochs ?? budget.epochs;
  const patience = options.patience ?? budget.patience;
  let { learningRate } = options;
  let best: { epoch: number; loss: number; weights: Weights } = {
    epoch: 0,
    loss: Number.POSITIVE_INFINITY,
    weights: new Map(),
  };
  let sinceDecay = 0;
  let stopped: FitResult["stopped"] = "epochs";

  for (let epoch = 1; epoch <= most; epoch++) {
    learningRate = options.learningRates?.[epoch - 1] ?? learningRate;
    const loss = await runEpoch(epoch, learningRate);
    const validationLoss = watched ? await trainer.evaluate(validationWindows, validationCount) : undefined;
    if (validationLoss !== undefined && !Number.isFinite(validationLoss)) throw diverged(epoch);
    const better = !watched || validationLoss! < best.loss * (1 - LEAST_GAIN);
    if (better) {
      // Without validation the last weights are the result; they are read once, at the end.
      best = { epoch, loss: validationLoss ?? loss, weights: watched ? trainer.weights() : best.weights };
    }
    const record = { epoch, loss, validationLoss, learningRate, best: better };
    epochs.push(record);
    options.onEpoch?.(record);
    if (options.signal?.aborted === true) {
      stopped = "aborted";
      break;
    }
    if (better) {
      sinceDecay = 0;
    } else if (patience > 0 && epoch - best.epoch >= patience) {
      stopped = "patience";
      break;
    } else if (patience > 0 && ++sinceDecay >= Math.ceil(patience / 2)) {
      learningRate = Math.max(learningRate * DECAY, options.learningRate * LEAST_DECAYED);
      sinceDecay = 0;
    }
  }
  const weights = watched ? best.weights : trainer.weights();
  checkFinite(weights, best.epoch);
  return { weights, bestEpoch: best.epoch, epochs, stopped };

  async function runEpoch(epoch: number, rate: number): Promise<number> {
    const of = Math.min(numbers.length, options.windowsPerEpoch);
    shuffleFirst(numbers, of, order);
    let sum = 0;
    for (let from = 0; from < of; from += options.batchSize) {
      const batch = numbers.subarray(from, Math.min(from + options.batchSize, of));
      const targets = windows.read(batch);
      const weights = options.augmentation?.augment(targets, batch, variation);
      const inputs =
        options.corruption === undefined ? targets : corruptWindows(targets, options.corruption, noise, row);
      options.linearPath?.subtract(inputs, targets);
      const loss = await trainer.step(inputs, targets, batch.length, {
        learningRate: rate,
        clipNorm: options.clipNorm,
        windowWeights: weights,
      });
      if (!Number.isFinite(loss)) throw diverged(epoch);
      sum += loss * batch.length;
      options.onStep?.({ epoch, windows: from + batch.length, of });
    }
    return sum / of;
  }
}

/** Moves `count` numbers, drawn at random without repetition, to the front (Fisher-Yates shuffle). */
function shuffleFirst(numbers: Uint32Array, count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const other = i + random.below(numbers.length - i);
    const taken = numbers[other]!;
    numbers[other] = numbers[i]!;
    numbers[i] = taken;
  }
}

function checkFinite(weights: Weights, epoch: number): void {
  for (const { data } of weights.values()) if (!data.every(Number.isFinite)) throw diverged(epoch);
}

function diverged(epoch: number): InputError {
  return new InputError(
    `Training diverged in epoch ${epoch}: the loss is no longer a finite number, and nothing is published; take a lower --learning-rate, --scaler standard or --activation tanh.`,
  );
}
