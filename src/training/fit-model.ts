/** One fit: scaler, linear path and network, on the windows that they are given. */
import type { Dataset } from "../data/dataset.js";
import { listNames } from "../data/names.js";
import type { TrainingEngine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { buildNetwork } from "../network/architectures.js";
import { readsResidual } from "../network/linear-path.js";
import { type Network, residualNetwork, rowShape, windowSize } from "../network/network.js";
import { initialWeights, type Weights } from "../network/weights.js";
import { calendarWidth } from "../scoring/calendar.js";
import { fitScaler } from "../scoring/scaler.js";
import { prepareScoring, type ScoringDescription, type ScoringModel } from "../scoring/scoring-model.js";
import { createAugmentation } from "./augmentation.js";
import { defaultBudget } from "./budget.js";
import { type FitResult, fit } from "./fit.js";
import {
  createResidualSource,
  type FittedLinearPath,
  fitLinearPath,
  whyNoLinearPath,
} from "./linear-path.js";
import type { FitStage, SettledOptions, TrainEvents } from "./train-settings.js";
import { createWindowSource, gatherRows, type WindowSource } from "./window-reader.js";
import type { WindowSet } from "./window-set.js";

/** What a fit learns from, and for how long. */
export interface FitTask {
  readonly stage: FitStage;
  readonly fit: WindowSet;
  readonly validation: WindowSet;
  /** The learning rate of each epoch, of as many as there are; undefined to let validation decide. */
  readonly learningRates?: readonly number[] | undefined;
}

/** A fitted model, of which the scorers have not learnt anything yet. */
export interface FittedModel {
  readonly network: Network;
  readonly weights: Weights;
  readonly description: ScoringDescription;
  readonly unfitted: ScoringModel;
  readonly fit: FitResult;
}

/**
 * Fits a model.
 *
 * @throws InputError where a feature has no reading in the rows to fit on, or training diverges.
 */
export async function fitModel(
  engine: TrainingEngine,
  dataset: Dataset,
  task: FitTask,
  options: SettledOptions,
  events: TrainEvents,
): Promise<FittedModel> {
  const features = dataset.features.length;
  const { calendar } = options;
  const covariates = calendar && calendarWidth(calendar);
  const plain = buildNetwork({ ...options.architecture, features, covariates });
  const { timesteps } = plain;
  const rows = gatherRows(dataset, task.fit, timesteps);
  checkReadings(rows, dataset.features);
  const scaling = { scaler: fitScaler(options.scaler, rows, features), clip: options.clip };
  const shape = { timesteps, features, minCoverage: options.minCoverage, loss: options.loss };
  const scaled = prepareScoring({ ...shape, ...scaling, heads: plain.heads });
  const source = createWindowSource(dataset, task.fit, scaled);
  const path =
    options.linearPath === null
      ? undefined
      : fitLinearPath(source, timesteps * features, options.linearPath, rowShape(plain));
  const network =
    path === undefined
      ? plain
      : buildNetwork({
          ...options.architecture,
          features,
          covariates,
          linearPath: path.components,
          encoderReads: options.linearPathTraining === "joint" ? "window" : undefined,
        });
  if (task.stage.number === 0) events.onChoice?.(describeLinearPath(options, path));
  const heads = network.heads.map(({ name, start, steps, reversed }) => ({ name, start, steps, reversed }));
  const description = { ...shape, ...scaling, heads, calendar };
  const unfitted = prepareScoring(description);
  const fitted = await fitNetwork(
    engine,
    network,
    { dataset, readings: source, read: unfitted, path, task },
    { ...options, ...lengthOf(task, options, timesteps) },
    events,
  );
  return { network, weights: fitted.weights, description, unfitted, fit: fitted };
}

function describeLinearPath(
  { linearPath, linearPathTraining, architecture }: SettledOptions,
  path: FittedLinearPath | undefined,
): string {
  if (linearPath === null) {
    const reason = whyNoLinearPath(architecture);
    return `no linear path${reason === undefined ? "" : `: ${reason}`}`;
  }
  if (path === undefined) return "no linear path: the windows to fit do not differ, or are too large for one";
  const parts = path.components === 1 ? "component holds" : "components hold";
  const then = linearPathTraining === "joint" ? "; it begins with them, and is trained with the network" : "";
  return `linear path: ${path.components} principal ${parts} ${100 * linearPath} % of the variance of windows${then}`;
}

/** How long a fit runs at most. */
function lengthOf(
  { fit: windows, learningRates }: FitTask,
  options: SettledOptions,
  timesteps: number,
): { epochs: number; patience: number } {
  const budget = defaultBudget(windows.count, { ...options, timesteps });
  return {
    epochs: learningRates?.length ?? options.epochs ?? budget.epochs,
    patience: options.patience ?? budget.patience,
  };
}

interface FittingData {
  readonly dataset: Dataset;
  /** The windows to fit on, without calendar inputs. */
  readonly readings: WindowSource;
  /** Says what the network reads. */
  readonly read: ScoringModel;
  readonly path: FittedLinearPath | undefined;
  readonly task: FitTask;
}

async function fitNetwork(
  engine: TrainingEngine,
  network: Network,
  data: FittingData,
  options: SettledOptions & { readonly epochs: number },
  events: TrainEvents,
): Promise<FitResult> {
  const { dataset, readings, read, path, task } = data;
  const size = windowSize(network);
  const windows = createWindowSource(dataset, task.fit, read);
  const validation = createWindowSource(dataset, task.validation, read);
  const augmentation = createAugmentation(task.fit, readings, read, options);
  // A path that is not trained is taken off the windows once, so that g alone is trained.
  const fixed = readsResidual(network) ? path : undefined;
  const left = (source: typeof windows) =>
    fixed === undefined ? source : createResidualSource(source, fixed, size);
  // Windows that are changed at random have to be changed before the linear path reads them.
  const isChanged = augmentation !== undefined || options.corruption !== undefined;
  events.onFit?.({ stage: task.stage, epochs: options.epochs });
  const ofPath: Weights = path?.weights(network.linearPath!, network) ?? new Map();
  const g = residualNetwork(network);
  const initial = initialWeights(g, options.seed);
  const [trained, first] = fixed === undefined ? [network, new Map([...initial, ...ofPath])] : [g, initial];
  const trainer = await engine.train(trained, first, { loss: options.loss, seed: options.seed });
  try {
    const result = await fit(trainer, isChanged ? windows : left(windows), left(validation), {
      ...options,
      learningRates: task.learningRates,
      augmentation,
      linearPath: isChanged ? fixed : undefined,
      onStep: events.onStep,
      onEpoch: events.onEpoch,
    });
    return fixed === undefined ? result : { ...result, weights: new Map([...result.weights, ...ofPath]) };
  } finally {
    await trainer.close();
  }
}

/** The names of the features without a reading. */
export function emptyFeatures(rows: Float64Array, names: readonly string[]): string[] {
  return names.filter((_, feature) => {
    for (let i = feature; i < rows.length; i += names.length) if (!Number.isNaN(rows[i]!)) return false;
    return true;
  });
}

function checkReadings(rows: Float64Array, names: readonly string[]): void {
  const empty = emptyFeatures(rows, names);
  if (empty.length === 0) return;
  throw new InputError(
    `${listNames(empty)} ${empty.length === 1 ? "has" : "have"} no reading in the rows that are fitted on; leave it out with --columns.`,
  );
}
