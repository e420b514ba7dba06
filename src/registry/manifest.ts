/**
 * manifest.json: everything about a published version that is not a weight.
 *
 * Read by the registry, the scorer and the HTTP layer; the same schema stands in the OpenAPI document.
 */
import { Kind, type Static, type TSchema, Type, TypeRegistry } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { FAMILIES, type Family } from "../network/architectures.js";
import { object, text } from "../network/json-guards.js";

export const MANIFEST_SCHEMA_VERSION = 1;

export const MODEL_NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,62}$";
export const VERSION_PATTERN = "^[1-9][0-9]{0,8}$";

const closed = { additionalProperties: false };
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export { FAMILIES, type Family };

export const SCORER_NAMES = ["squared", "absolute"] as const;
export type ScorerName = (typeof SCORER_NAMES)[number];

/**
 * JSON Schema's `enum`: shorter in the OpenAPI document than a union of constants. TypeBox has to be told of
 * it.
 */
const ENUM_KIND = "StringEnum";
TypeRegistry.Set<{ readonly enum: readonly string[] }>(
  ENUM_KIND,
  (schema, value) => typeof value === "string" && schema.enum.includes(value),
);
const literals = <const T extends readonly string[]>(names: T) =>
  Type.Unsafe<T[number]>({ [Kind]: ENUM_KIND, type: "string", enum: [...names] });

export const ThresholdSchema = Type.Object(
  {
    /** `conformal`: from the calibration sample; `value`: given by hand. */
    method: literals(["conformal", "value"] as const),
    scorer: literals(SCORER_NAMES),
    /** The share of normal windows flagged; null for a threshold given by hand. */
    falseAlarmRate: Nullable(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
    /** A window is anomalous above this score. */
    value: Type.Number(),
    /** A stitched timestep is anomalous above this score. */
    timestepValue: Type.Number(),
  },
  closed,
);
export type Threshold = Static<typeof ThresholdSchema>;

export const HeadSpanSchema = Type.Object(
  {
    name: literals(["reconstruction", "prediction"] as const),
    start: Type.Integer({ minimum: 0 }),
    steps: Type.Integer({ minimum: 1 }),
    reversed: Type.Boolean(),
  },
  closed,
);

export const ScalerSchema = Type.Object(
  {
    kind: literals(["standard", "minmax", "none"] as const),
    offset: Type.Array(Type.Number()),
    scale: Type.Array(Type.Number({ exclusiveMinimum: 0 })),
    /**
     * The training mean in the caller's units, what stands in for a missing first reading; absent where it is
     * the offset.
     */
    mean: Type.Optional(Type.Array(Type.Number())),
  },
  closed,
);

/** How large a calibration sample is, and how far it can be trusted. */
export const CalibrationSizeSchema = Type.Object(
  {
    windows: Type.Integer({ minimum: 1 }),
    /** Runs of T rows that do not overlap: neighbouring windows are not independent. */
    windowBlocks: Type.Integer({ minimum: 1 }),
    timesteps: Type.Integer({ minimum: 1 }),
  },
  closed,
);

export const ManifestSchema = Type.Object(
  {
    schemaVersion: Type.Literal(MANIFEST_SCHEMA_VERSION),
    name: Type.String({ pattern: MODEL_NAME_PATTERN }),
    version: Type.String({ pattern: VERSION_PATTERN }),
    createdAt: Type.String(),
    /** sha256, in hex, of every other file of the bundle. */
    files: Type.Record(Type.String(), Type.String({ pattern: "^[0-9a-f]{64}$" })),
    family: literals(FAMILIES),
    timesteps: Type.Integer({ minimum: 1 }),
    /** Rows the encoder reads: `timesteps`, less the horizon. */
    inputSteps: Type.Integer({ minimum: 1 }),
    features: Type.Array(Type.Object({ name: Type.String(), unit: Nullable(Type.String()) }, closed), {
      minItems: 1,
    }),
    heads: Type.Array(HeadSpanSchema, { minItems: 1 }),
    /** The layer of model.json that ends the encoder: its output is the embedding. */
    embeddingLayer: Type.String(),
    /** Kernels that are another's transpose: written twice in weights.bin, equal on load. */
    ties: Type.Array(Type.Object({ kernel: Type.String(), transposeOf: Type.String() }, closed)),
    /** Whether anyone's tfjs-layers can load model.json. */
    tfjsLayers: Type.Boolean(),
    scaler: ScalerSchema,
    /** Scaled readings are clipped to [-clip, clip]; null for none. */
    clip: Nullable(Type.Number({ exclusiveMinimum: 0 })),
    /** Least share of readings present for a verdict. */
    minCoverage: Type.Number({ minimum: 0, maximum: 1 }),
    loss: literals(["mse", "mae"] as const),
    /** The scorers that can be asked for; the first is the default. */
    scorers: Type.Array(literals(SCORER_NAMES), { minItems: 1 }),
    threshold: Nullable(ThresholdSchema),
    /** By scorer, the sizes of the samples in calibration.bin; null where there is none. */
    calibration: Nullable(
      Type.Partial(Type.Object({ squared: CalibrationSizeSchema, absolute: CalibrationSizeSchema }, closed)),
    ),
    /** How it was trained: sha256 of the data, options, seed, losses. Free in form, for people. */
    training: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
);
export type Manifest = Static<typeof ManifestSchema>;
export type HeadSpan = Static<typeof HeadSpanSchema>;

const compiled = TypeCompiler.Compile(ManifestSchema);
const MOST_PROBLEMS = 5;

/**
 * `value`, parsed from manifest.json, as a manifest; only its form is checked, not whether it fits the other
 * files. Throws InputError listing what is wrong.
 */
export function checkManifest(value: unknown): Manifest {
  const { schemaVersion } = object(value, "manifest.json") as { schemaVersion?: unknown };
  if (schemaVersion !== MANIFEST_SCHEMA_VERSION) {
    throw new InputError(
      `manifest.json is of schema version ${text(schemaVersion)}; this program reads version ${MANIFEST_SCHEMA_VERSION}.`,
    );
  }
  if (compiled.Check(value)) return value;
  const problems: string[] = [];
  for (const { path, message } of compiled.Errors(value)) {
    if (problems.length === MOST_PROBLEMS) {
      problems.push("...");
      break;
    }
    problems.push(`${path}: ${message}`);
  }
  throw new InputError(`manifest.json does not fit its schema (${problems.join("; ")}).`);
}
