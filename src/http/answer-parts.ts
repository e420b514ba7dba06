/**
 * The parts that an answer can have, in the order in which windows have them: what each is called, which answers it is
 * in, where its values come from, how it is written, its schema, and its tensor in the Open Inference Protocol. To add
 * a part is to add an entry here.
 *
 * T is a window's timesteps, F its features, U the embedding's units, N the rows of a series, n a number of windows.
 */
import { type TSchema, Type } from "@sinclair/typebox";
import { HEAD_NAMES, type HeadName } from "../network/network.js";
import { type ScoringModel, unscaleHead } from "../scoring/window-scoring.js";
import { NO_VERDICT, type ScoredWindows, type SeriesScores } from "../serving/score-result.js";
import { pValues } from "../serving/verdict.js";
import { DOUBLE, ERRORS, FLOATS, SCORE, VERDICT } from "./wire/program.js";
import type { ColumnWriting } from "./wire/timestep-writer.js";
import type { Writing } from "./wire/window-layout.js";

/** What decides which parts a model can give, and how large they are. */
export interface PartsModel {
  readonly scoring: ScoringModel;
  /** U */
  readonly embeddingUnits: number;
  /** Whether the scorer that is used by default has a calibration. */
  readonly isCalibrated: boolean;
  readonly hasThreshold: boolean;
}

/**
 * `always`: in every answer. `default`: in an answer to a request without `include`, if the model can give it. `asked`:
 * only where a request's `include` names it.
 */
type Presence = "always" | "default" | "asked";

export interface AnswerPart {
  /** The member of the JSON answer; for a part that is not in every answer also what `include` calls it. */
  readonly name: string;
  readonly presence: Presence;
  /** In an answer to `windows`: a member of every window. */
  readonly windows?: {
    readonly schema: TSchema;
    /** Undefined where the model cannot give it. */
    readonly writing: (model: PartsModel) => Writing | undefined;
  };
  /** In an answer to `series`: a column with a value for each row. */
  readonly series?: {
    readonly schema: TSchema;
    /** Its place among the columns of the JSON object; lines have them in the order of this table. */
    readonly place: number;
    readonly column: SeriesColumn;
  };
  /** In an answer of the Open Inference Protocol: a tensor [n, ...shape]. */
  readonly tensor?: {
    readonly name: string;
    /** Its place among the tensors. */
    readonly place: number;
    /** Whether it is in an answer to a request that names no outputs. */
    readonly isDefault: boolean;
    readonly datatype: "FP32" | "BOOL";
    /** In the caller's units: FP64 where the windows came as FP64. */
    readonly isInCallersUnits?: boolean;
    /** Of one window; undefined where the model cannot give it. */
    readonly shape: (model: PartsModel) => readonly number[] | undefined;
    /** [n, ...shape], row-major, NaN where there is no number. */
    readonly values: (windows: ScoredWindows, model: PartsModel) => Float32Array | Float64Array | Uint8Array;
  };
}

export interface SeriesColumn extends ColumnWriting {
  /** [to - from], or [to - from, count] for ERRORS and FLOATS; NaN where there is no number. */
  readonly values: (
    scores: SeriesScores,
    from: number,
    to: number,
  ) => Float64Array | Float32Array | Int8Array;
}

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Numbers = (description: string) => Type.Array(Nullable(Type.Number()), { description });

export const ANSWER_PARTS: readonly AnswerPart[] = [
  {
    name: "score",
    presence: "always",
    windows: {
      schema: Nullable(Type.Number()),
      writing: () => ({ kind: SCORE, count: 1, values: ({ scores }) => scores.score }),
    },
    series: {
      schema: Numbers("[N]; null where no window covers"),
      place: 0,
      column: { kind: SCORE, count: 1, values: ({ score }, from, to) => score.subarray(from, to) },
    },
    tensor: {
      name: "score",
      place: 4,
      isDefault: true,
      datatype: "FP32",
      shape: () => [],
      values: ({ scores }) => scores.score,
    },
  },
  {
    name: "pValue",
    presence: "always",
    windows: {
      schema: Nullable(Type.Number()),
      writing: () => ({ kind: DOUBLE, count: 1, values: ({ pValue }) => pValue }),
    },
    series: {
      schema: Numbers("[N]"),
      place: 2,
      column: {
        kind: DOUBLE,
        count: 1,
        values: ({ sample, score }, from, to) => pValues(sample, score.subarray(from, to)),
      },
    },
    tensor: {
      name: "p_value",
      place: 7,
      isDefault: false,
      datatype: "FP32",
      shape: ({ isCalibrated }) => (isCalibrated ? [] : undefined),
      values: ({ pValue }) => pValue,
    },
  },
  {
    name: "anomalous",
    presence: "always",
    windows: {
      schema: Nullable(Type.Boolean()),
      writing: () => ({ kind: VERDICT, count: 1, values: ({ anomalous }) => anomalous }),
    },
    series: {
      schema: Type.Array(Nullable(Type.Boolean())),
      place: 1,
      column: { kind: VERDICT, count: 1, values: ({ anomalous }, from, to) => anomalous.subarray(from, to) },
    },
    tensor: {
      name: "anomalous",
      place: 8,
      isDefault: true,
      datatype: "BOOL",
      shape: ({ hasThreshold }) => (hasThreshold ? [] : undefined),
      // A BOOL tensor has no null: without a verdict it is false, and the coverage says why.
      values: ({ anomalous }) =>
        Uint8Array.from(anomalous, (verdict) => (verdict === NO_VERDICT ? 0 : verdict)),
    },
  },
  {
    name: "coverage",
    presence: "always",
    windows: {
      schema: Type.Number({ description: "The share of readings present" }),
      writing: () => ({ kind: DOUBLE, count: 1, values: ({ scores }) => scores.coverage }),
    },
    tensor: {
      name: "coverage",
      place: 5,
      isDefault: false,
      datatype: "FP32",
      shape: () => [],
      values: ({ scores }) => scores.coverage,
    },
  },
  {
    name: "saturated",
    presence: "always",
    windows: {
      schema: Type.Optional(Type.Literal(true)),
      writing: () => ({ kind: "flag", values: ({ scores }) => scores.saturated }),
    },
  },
  {
    name: "timestepError",
    presence: "default",
    windows: {
      schema: Numbers("[T]"),
      writing: ({ scoring }) => ({
        kind: ERRORS,
        count: scoring.timesteps,
        values: ({ scores }) => scores.timestepError,
      }),
    },
    tensor: {
      name: "timestep_error",
      place: 2,
      isDefault: true,
      datatype: "FP32",
      shape: ({ scoring }) => [scoring.timesteps],
      values: ({ scores }) => scores.timestepError,
    },
  },
  {
    name: "featureError",
    presence: "asked",
    windows: {
      schema: Numbers("[F]"),
      writing: ({ scoring }) => ({
        kind: ERRORS,
        count: scoring.features,
        values: ({ scores }) => scores.featureError,
      }),
    },
    tensor: {
      name: "feature_error",
      place: 3,
      isDefault: false,
      datatype: "FP32",
      shape: ({ scoring }) => [scoring.features],
      values: ({ scores }) => scores.featureError,
    },
  },
  {
    name: "headError",
    presence: "asked",
    windows: {
      schema: Type.Partial(
        Type.Object(Object.fromEntries(HEAD_NAMES.map((name) => [name, Numbers("[steps]")]))),
      ),
      writing: ({ scoring }) => ({
        kind: "object",
        members: scoring.heads.map(({ name, steps }, head) => ({
          name,
          writing: { kind: ERRORS, count: steps, values: ({ scores }) => scores.headErrors[head]! },
        })),
      }),
    },
  },
  ...HEAD_NAMES.map(headPart),
  {
    name: "embedding",
    presence: "asked",
    windows: {
      schema: Numbers("[U]: the encoder's last state"),
      writing: ({ embeddingUnits }) => ({
        kind: FLOATS,
        count: embeddingUnits,
        values: ({ outputs }) => outputs.embedding,
      }),
    },
    tensor: {
      name: "embedding",
      place: 6,
      isDefault: false,
      datatype: "FP32",
      shape: ({ embeddingUnits }) => [embeddingUnits],
      values: ({ outputs }) => outputs.embedding,
    },
  },
];

/** What a head of the network gives, in the caller's units. */
function headPart(name: HeadName, place: number): AnswerPart {
  const indexIn = ({ scoring }: PartsModel): number => scoring.heads.findIndex((head) => head.name === name);
  return {
    name,
    presence: "default",
    windows: {
      schema: Type.Array(Numbers("[F]"), { description: "[steps][F], in the caller's units" }),
      writing: (model) => {
        const head = indexIn(model);
        return head < 0 ? undefined : { kind: "rows", head };
      },
    },
    tensor: {
      name,
      place,
      isDefault: true,
      datatype: "FP32",
      isInCallersUnits: true,
      shape: (model) => {
        const head = model.scoring.heads[indexIn(model)];
        return head === undefined ? undefined : [head.steps, model.scoring.features];
      },
      values: ({ outputs }, model) => unscaleHead(model.scoring, indexIn(model), outputs),
    },
  };
}

/** What a request's `include` can name. */
export const INCLUDABLE: readonly string[] = ANSWER_PARTS.filter(({ presence }) => presence !== "always").map(
  ({ name }) => name,
);
