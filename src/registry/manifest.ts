/**
 * manifest.json: everything about a published version but its numbers (weights, samples, golden windows).
 *
 * The same schema is used to check the file and, in the OpenAPI document, to describe the answers that hold it.
 */
import { Kind, type Static, type TSchema, Type, TypeRegistry } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { FAMILIES, type Family } from "../network/architectures.js";
import { object, text } from "../network/json-guards.js";
import { HEAD_NAMES } from "../network/network.js";
import { LOSSES } from "../scoring/losses.js";
import { SCALER_KINDS } from "../scoring/scaler.js";
import { SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import { THRESHOLD_METHODS } from "../scoring/thresholds.js";

/** The schema of the manifests that are written. Those of schema 1, which had no sections, are read too. */
export const MANIFEST_SCHEMA_VERSION = 2;

/**
 * The sections of a manifest that this program reads, each with the newest version of it. What reads a section adds
 * it here; a section that is not here, or is of a newer version, is passed over unless it is required.
 */
export const KNOWN_SECTIONS = { alarms: 1, data: 1, drift: 1, input: 1 } as const;

export const MODEL_NAME_PATTERN = "^[a-z0-9][a-z0-9._-]{0,62}$";
/** The pattern in words, for messages. */
export const MODEL_NAME_RULE =
  'a name has 1 to 63 lower-case letters, digits, ".", "_" or "-", and begins with a letter or digit';
export const VERSION_PATTERN = "^[1-9][0-9]{0,8}$";

/** @throws InputError where no model can have this name. */
export function checkModelName(name: string): void {
  if (new RegExp(MODEL_NAME_PATTERN).test(name)) return;
  throw new InputError(`"${name}" cannot be the name of a model: ${MODEL_NAME_RULE}.`);
}

const closed = { additionalProperties: false };
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export { FAMILIES, type Family };

/** JSON Schema's `enum`, which TypeBox lacks: shorter in the OpenAPI document than a union of constants. */
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
    method: literals(THRESHOLD_METHODS),
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

const HeadSchema = Type.Object(
  {
    name: literals(HEAD_NAMES),
    start: Type.Integer({ minimum: 0 }),
    steps: Type.Integer({ minimum: 1 }),
    reversed: Type.Boolean(),
  },
  closed,
);

export const ScalerSchema = Type.Object(
  {
    kind: literals(SCALER_KINDS),
    offset: Type.Array(Type.Number()),
    scale: Type.Array(Type.Number({ exclusiveMinimum: 0 })),
    /** The training mean in the caller's units, which stands in for a missing first reading; absent where it is the offset. */
    mean: Type.Optional(Type.Array(Type.Number())),
  },
  closed,
);

/** How large the samples of a scorer are, and how many independent blocks they come from. */
export const CalibrationSizeSchema = Type.Object(
  {
    windows: Type.Integer({ minimum: 1 }),
    /** Runs of T rows that do not overlap: neighbouring windows are not independent. */
    windowBlocks: Type.Integer({ minimum: 1 }),
    timesteps: Type.Integer({ minimum: 1 }),
  },
  closed,
);

/** A part of a manifest that came after schema 2: an object of any form with a version of its own. */
const SectionSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    /** Whether a reader that does not know the section has to refuse the bundle; false where it is left out. */
    required: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: true },
);
export type Section = Static<typeof SectionSchema> & { readonly [key: string]: unknown };

export const ManifestSchema = Type.Object(
  {
    schemaVersion: Type.Union([Type.Literal(1), Type.Literal(MANIFEST_SCHEMA_VERSION)]),
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
    heads: Type.Array(HeadSchema, { minItems: 1 }),
    /** The layer of model.json that ends the encoder: its output is the embedding. */
    embeddingLayer: Type.String(),
    /** Kernels that are the transpose of another: both are in weights.bin, and have to be equal on load. */
    ties: Type.Array(Type.Object({ kernel: Type.String(), transposeOf: Type.String() }, closed)),
    /** Whether anyone's tfjs-layers can load model.json. */
    tfjsLayers: Type.Boolean(),
    scaler: ScalerSchema,
    /** Scaled readings are clipped to [-clip, clip]; null for none. */
    clip: Nullable(Type.Number({ exclusiveMinimum: 0 })),
    /** Least share of readings present for a verdict. */
    minCoverage: Type.Number({ minimum: 0, maximum: 1 }),
    loss: literals(LOSSES),
    /** The scorers that can be asked for; the first is the default. */
    scorers: Type.Array(literals(SCORER_NAMES), { minItems: 1 }),
    threshold: Nullable(ThresholdSchema),
    /** By scorer, the sizes of the samples in calibration.bin; null where there is none. */
    calibration: Nullable(
      Type.Partial(
        Type.Object(
          Object.fromEntries(SCORER_NAMES.map((name) => [name, CalibrationSizeSchema])) as Record<
            ScorerName,
            typeof CalibrationSizeSchema
          >,
          closed,
        ),
      ),
    ),
    /** How it was trained: sha256 of the data, options, seed, losses. Of any form, for people to read. */
    training: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: SectionSchema },
);
export type Manifest = Static<typeof ManifestSchema>;

const compiled = TypeCompiler.Compile(ManifestSchema);
const MOST_PROBLEMS = 5;

/**
 * `value`, parsed from manifest.json, as a manifest; only its form is checked, not whether it fits the other files.
 *
 * @throws InputError for a schema that this program does not read, for a form that is wrong (with all that is), and for
 *   a required section that this program does not know.
 */
export function checkManifest(value: unknown): Manifest {
  const { schemaVersion } = object(value, "manifest.json") as { schemaVersion?: unknown };
  if (schemaVersion !== 1 && schemaVersion !== MANIFEST_SCHEMA_VERSION) {
    throw new InputError(
      `manifest.json is of schema version ${text(schemaVersion)}; this program reads versions 1 and ${MANIFEST_SCHEMA_VERSION}.`,
    );
  }
  if (!compiled.Check(value)) throw new InputError(describeProblems(value));
  for (const [name, section] of sectionsOf(value)) {
    if (schemaVersion === 1)
      throw new InputError(`manifest.json is of schema version 1, which has no "${name}".`);
    const isKnown = section.version <= newestKnown(name);
    if (section.required === true && !isKnown) {
      throw new InputError(
        `manifest.json has a section "${name}" of version ${section.version} that the model needs and this program does not know; a newer release of the program reads it.`,
      );
    }
  }
  return value;
}

/** The newest version of a section that this program reads; 0 for none. */
function newestKnown(name: string): number {
  return Object.hasOwn(KNOWN_SECTIONS, name) ? KNOWN_SECTIONS[name as keyof typeof KNOWN_SECTIONS] : 0;
}

/** The sections of a manifest, also those that this program does not know. */
export function sectionsOf(manifest: Manifest): [name: string, section: Section][] {
  return Object.entries(manifest).filter(([name]) => !isField(name)) as [string, Section][];
}

/** Whether a manifest has a field of this name, so that no section can have it. */
export function isField(name: string): boolean {
  return Object.hasOwn(ManifestSchema.properties, name);
}

function describeProblems(value: unknown): string {
  const problems: string[] = [];
  for (const { path, message, schema, value: found } of compiled.Errors(value)) {
    if (problems.length === MOST_PROBLEMS) {
      problems.push("...");
      break;
    }
    const names: readonly string[] | undefined = schema["enum"];
    problems.push(
      `${path}: ${names === undefined ? message : `Expected one of ${names.join(", ")}, not ${text(found)}`}`,
    );
  }
  return `manifest.json does not fit its schema (${problems.join("; ")}).`;
}
