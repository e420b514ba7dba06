/** The options that a version was trained with, out of its training record. */
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { type ReadingValues, readingValues } from "../data/reading-options.js";
import { InputError } from "../errors.js";
import type { Manifest } from "../registry/manifest.js";
import { LINEAR_PATH_TRAININGS } from "../training/linear-path.js";
import type { TrainOptions } from "../training/train-settings.js";

/** The options of a training, as its record has them. Those by which data files were read stand beside them. */
const OptionsSchema = Type.Object({
  architecture: Type.Object({
    family: Type.String(),
    timesteps: Type.Integer({ minimum: 1 }),
    horizon: Type.Optional(Type.Integer({ minimum: 1 })),
    units: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1 }),
    activation: Type.String(),
    cell: Type.Optional(Type.String()),
    reverse: Type.Optional(Type.Boolean()),
  }),
  loss: Type.String(),
  batchSize: Type.Integer({ minimum: 1 }),
  learningRate: Type.Number({ exclusiveMinimum: 0 }),
  clipNorm: Type.Number({ exclusiveMinimum: 0 }),
  validation: Type.Number({ minimum: 0, exclusiveMaximum: 1 }),
  calibration: Type.Number({ minimum: 0, exclusiveMaximum: 1 }),
  scaler: Type.String(),
  clip: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
  minCoverage: Type.Number({ minimum: 0, maximum: 1 }),
  falseAlarmRate: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }),
  seed: Type.Integer({ minimum: 0 }),
  // Versions before there were these record none of them.
  folds: Type.Optional(Type.Integer({ minimum: 0 })),
  linearPath: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  linearPathTraining: Type.Optional(
    Type.Union(LINEAR_PATH_TRAININGS.map((training) => Type.Literal(training))),
  ),
  falseAlarms: Type.Optional(
    Type.Object({ events: Type.Number({ exclusiveMinimum: 0 }), per: Type.String() }),
  ),
  threshold: Type.Optional(Type.Number()),
  stride: Type.Optional(Type.Integer({ minimum: 1 })),
});
const optionsCheck = TypeCompiler.Compile(OptionsSchema);

/**
 * The options by which the data files of a version were read, with the model's features in their order as `columns`. The
 * range of rows is left out: it was of other files.
 */
export function recordedReading(manifest: Manifest): ReadingValues {
  const recorded = (manifest.training["options"] ?? {}) as Partial<ReadingValues>;
  const { labelColumn } = recorded;
  const columns = manifest.features.map(({ name }) => name);
  return { ...recorded, columns, labelColumn, rows: undefined } as ReadingValues;
}

/**
 * What `train` was asked for. The window length is the version's own, also where it was chosen from the data: those who
 * send windows rely on it.
 *
 * @throws InputError where the record does not hold it, as of a model that `train` did not make.
 */
export function recordedOptions(manifest: Manifest): TrainOptions {
  const { name, version, training } = manifest;
  const recorded = training["options"];
  if (training["imported"] !== undefined) {
    throw new InputError(
      `${name} ${version} was imported, and how it was trained is not known here: --calibrate-only renews its calibration and keeps its weights; for other weights, train the model where it comes from and import it again.`,
    );
  }
  if (!optionsCheck.Check(recorded)) {
    const problem = optionsCheck.Errors(recorded).First();
    throw new InputError(
      `The training record of ${name} ${version} does not say how to train it again (${problem?.path ?? ""}: ${problem?.message}); --calibrate-only keeps its weights.`,
    );
  }
  const { linearPath = null, linearPathTraining = "fixed", folds = 0 } = recorded;
  const ofReading = new Set(Object.keys(readingValues(recordedReading(manifest))));
  const own = Object.fromEntries(Object.entries(recorded).filter(([key]) => !ofReading.has(key)));
  return { ...(own as unknown as TrainOptions), linearPath, linearPathTraining, folds };
}
