/**
 * The parts that an answer can have, in the order in which windows have them: what each is called, which
 * answers it is in, where its values come from, how it is written, its schema, and its tensor in the Open
 * Inference Protocol. To add a part is to add an entry here; answer-part.ts says what it can hold.
 *
 * T is a window's timesteps, F its features, U the embedding's units, N the rows of a series, n a number of
 * windows.
 */
import { type TSchema, Type } from "@sinclair/typebox";
import { HEAD_NAMES, type HeadName } from "../network/network.js";
import { unscaleHead } from "../scoring/window-scoring.js";
import { NO_VERDICT } from "../serving/score-result.js";
import type { AnswerPart, PartsModel } from "./answer-part.js";
import { boundsSeries, featureErrorSeries, headSeries, timestepErrorSeries } from "./series-parts.js";
import { DOUBLE, ERRORS, FLOATS, SCORE, VERDICT } from "./wire/program.js";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Numbers = (description: string) => Type.Array(Nullable(Type.Number()), { description });

/** The places of the heads' tensors. */
const HEAD_PLACES: Readonly<Record<HeadName, number>> = { reconstruction: 0, prediction: 1, linear: 9 };

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
      writing: () => ({ kind: SCORE, count: 1, values: ({ score }, from, to) => score.subarray(from, to) }),
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
      writing: () => ({
        kind: DOUBLE,
        count: 1,
        values: ({ pValue }, from, to) => pValue.subarray(from, to),
      }),
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
      writing: () => ({
        kind: VERDICT,
        count: 1,
        values: ({ anomalous }, from, to) => anomalous.subarray(from, to),
      }),
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
      schema: Numbers(
        "[T], of the head reconstruction, or prediction without one: squared, or absolute as the loss",
      ),
      writing: ({ scoring }) => ({
        kind: ERRORS,
        count: scoring.timesteps,
        values: ({ scores }) => scores.timestepError,
      }),
    },
    series: timestepErrorSeries,
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
      schema: Numbers("[F], of the same head"),
      writing: ({ scoring }) => ({
        kind: ERRORS,
        count: scoring.features,
        values: ({ scores }) => scores.featureError,
      }),
    },
    series: featureErrorSeries,
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
  { name: "bounds", presence: "asked", series: boundsSeries },
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

/** What a head of the network gives, in the caller's units. A linear path's own output is given where it is asked for. */
function headPart(name: HeadName): AnswerPart {
  const isDefault = name !== "linear";
  const indexIn = ({ scoring }: PartsModel): number => scoring.heads.findIndex((head) => head.name === name);
  return {
    name,
    presence: isDefault ? "default" : "asked",
    windows: {
      schema: Type.Array(Numbers("[F]"), { description: "[steps][F], in the caller's units" }),
      writing: (model) => {
        const head = indexIn(model);
        return head < 0 ? undefined : { kind: "rows", head };
      },
    },
    series: headSeries(name),
    tensor: {
      name,
      place: HEAD_PLACES[name],
      isDefault,
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
