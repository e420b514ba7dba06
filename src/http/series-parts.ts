/** The parts of answers to series that a request can ask for: values by timestep, and by timestep and feature. */
import { type TSchema, Type } from "@sinclair/typebox";
import { HEAD_NAMES, type HeadName } from "../network/network.js";
import { decimalsOf } from "../scoring/digits.js";
import type { Scaler } from "../scoring/scaler.js";
import type { SeriesScores } from "../serving/score-result.js";
import type { AnswerPart, PartsModel, SeriesColumn } from "./answer-part.js";
import { FLOATS, ROW, SCORE } from "./wire/program.js";
import type { CallersUnits } from "./wire/timestep-writer.js";

type SeriesPart = NonNullable<AnswerPart["series"]>;

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Rows = (description: string) =>
  Type.Array(Type.Array(Nullable(Type.Number())), { description: `[N][F]: ${description}` });

/** The place of the first part among the columns of the JSON object. */
const FIRST = 3;

export const timestepErrorSeries: SeriesPart = {
  schema: Type.Array(Nullable(Type.Number()), { description: "[N]" }),
  place: FIRST,
  writing: () => ({
    kind: SCORE,
    count: 1,
    values: ({ timestepError }, from, to) => timestepError!.subarray(from, to),
  }),
};

export const featureErrorSeries: SeriesPart = {
  schema: Rows("null without a reading"),
  place: FIRST + 1,
  writing: ({ scoring }) =>
    scoring.mainHead < 0
      ? undefined
      : {
          kind: FLOATS,
          count: scoring.features,
          values: ({ parts }, from, to) => rowsOf(parts!.featureError!, scoring.features, from, to),
        },
};

/** What a head gives, stitched as scores are. */
export function headSeries(name: HeadName): SeriesPart {
  return {
    schema: Rows("in the caller's units"),
    place: FIRST + 2 + HEAD_NAMES.indexOf(name),
    writing: (model) =>
      model.scoring.heads.some((head) => head.name === name)
        ? unitsColumn(model, ({ parts }) => parts!.heads.get(name)!)
        : undefined,
  };
}

export const boundsSeries: SeriesPart = {
  schema: Nullable(
    Type.Object(
      { lower: Rows("in the caller's units"), upper: Rows("in the caller's units") },
      {
        description:
          "The reading at which the score of its timestep would reach the threshold, with all other residuals of the timestep 0; null without a threshold",
      },
    ),
  ),
  place: FIRST + 2 + HEAD_NAMES.length,
  writing: (model) => ({
    kind: "object",
    isThere: ({ parts }) => parts?.bounds !== undefined,
    members: [
      { name: "lower", column: unitsColumn(model, ({ parts }) => parts!.bounds!.lower) },
      { name: "upper", column: unitsColumn(model, ({ parts }) => parts!.bounds!.upper) },
    ],
  }),
};

/** A column of scaled values [rows, F]. */
function unitsColumn({ scoring }: PartsModel, scaled: (scores: SeriesScores) => Float32Array): SeriesColumn {
  const { features, scaler } = scoring;
  const units = callersUnits(scaler);
  return {
    kind: ROW,
    count: features,
    units,
    values: (scores, from, to) => rowsOf(scaled(scores), features, from, to),
  };
}

function callersUnits({ scale, offset }: Scaler): CallersUnits {
  return {
    scale: Float64Array.from(scale),
    offset: Float64Array.from(offset),
    decimals: Int32Array.from(scale, decimalsOf),
  };
}

function rowsOf(values: Float32Array, features: number, from: number, to: number): Float32Array {
  return values.subarray(from * features, to * features);
}
