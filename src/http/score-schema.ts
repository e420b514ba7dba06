/**
 * The schemas of a score request, for the OpenAPI document. The members other than the readings are checked by
 * them too.
 */
import { type Static, type TOptional, type TString, Type } from "@sinclair/typebox";
import { FALSE_ALARMS_PATTERN } from "../scoring/false-alarms.js";
import { SCORER_NAMES } from "../scoring/scorers/scorers.js";
import { INCLUDABLE } from "./answer-parts.js";
import { TIME_UNITS } from "./timestamps.js";

const closed = { additionalProperties: false };
/** One of some texts. */
export const oneOf = <const T extends string>(names: readonly T[], options: { description?: string } = {}) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    options,
  );
const Reading = Type.Union([Type.Number(), Type.Null()], {
  description: "null is a missing reading",
});
const Row = Type.Union(
  [
    Type.Array(Reading, { minItems: 1, description: "[F], in the order of columns, else in the model's" }),
    Type.Record(Type.String(), Reading, {
      description: "By feature; a feature that is left out is missing there",
    }),
  ],
  { description: "A timestep" },
);

export const ScoreOptionsSchema = Type.Object(
  {
    columns: Type.Optional(
      Type.Array(Type.String(), {
        description:
          "The order of the readings in rows that are arrays: every feature of the model once; by default that of the model",
      }),
    ),
    include: Type.Optional(
      Type.Array(oneOf(INCLUDABLE), {
        description:
          "Parts of the answer beside scores; by default timestepError, and for windows what every head of the model gives.",
      }),
    ),
    scorer: Type.Optional(
      oneOf(SCORER_NAMES, { description: "One the model is calibrated for; its first by default" }),
    ),
    threshold: Type.Optional(
      Type.Union(
        [
          Type.Object({ falseAlarmRate: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }) }, closed),
          Type.Object({ value: Type.Number() }, closed),
          Type.Object(
            {
              falseAlarms: Type.String({
                pattern: FALSE_ALARMS_PATTERN,
                description: "How many events a normal series may have; for a series alone",
                examples: ["1/week", "2/1000rows"],
              }),
            },
            closed,
          ),
        ],
        { description: "Instead of the model's own" },
      ),
    ),
  },
  closed,
);
export type ScoreOptions = Static<typeof ScoreOptionsSchema>;

export const SeriesOptionsSchema = Type.Object(
  {
    ...ScoreOptionsSchema.properties,
    stride: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Rows from the start of a window to the start of the next; 1 by default",
      }),
    ),
    timeUnit: Type.Optional(
      oneOf(TIME_UNITS, {
        description:
          "Of timestamps that are numbers; by default their largest absolute value tells: below 1e11 s, 1e14 ms, 1e17 us, else ns; below 1e8 it has to be said",
      }),
    ),
    last: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "Only so many of the newest timesteps are answered, with the events that reach into them",
      }),
    ),
    maxGapMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: "No window crosses a longer step between timestamps; 10 x the median step by default",
      }),
    ),
    continuation: Type.Optional(
      Type.String({
        description:
          "Empty: the answer has a continuation. Else the one of the answer before, and series has the rows after it alone, at least one: scores, events and drift are those of all rows sent at once. Model version, scorer, threshold, stride and maxGapMs stay the same; stride and maxGapMs may be left out.",
      }),
    ),
  },
  closed,
);
export type SeriesOptions = Static<typeof SeriesOptionsSchema>;

const WindowsRequestSchema = Type.Object(
  {
    windows: Type.Array(Type.Array(Row, { minItems: 1 }), {
      minItems: 1,
      description: "[n][T][F]: n windows of the model's T timesteps of its F features",
    }),
    ...ScoreOptionsSchema.properties,
  },
  { ...closed, title: "Windows" },
);

const SeriesRequestSchema = Type.Object(
  {
    series: Type.Array(Row, {
      minItems: 1,
      description:
        "[N][F]: at least T rows, which are cut into windows and get a score for each timestep; with a continuation at least one",
    }),
    timestamps: Type.Optional(
      Type.Array(Type.Union([Type.String({ format: "date-time" }), Type.Number()]), {
        description:
          "[N], increasing: RFC 3339 with a zone, or numbers of one unit since 1970 (timeUnit). A model that was trained with calendar or resample needs them",
      }),
    ),
    ...SeriesOptionsSchema.properties,
  },
  { ...closed, title: "Series" },
);

export const ScoreRequestSchema = Type.Union([WindowsRequestSchema, SeriesRequestSchema], {
  description: "Exactly one of windows and series",
});

// No pattern: a name that no model can have is answered with 404, like any other that does not exist.
export const ModelParamsSchema = Type.Object({ name: Type.String() });

export const ModelVersionParamsSchema = Type.Object({ name: Type.String(), version: Type.String() });

export const VersionQuerySchema = Type.Object(
  {
    version: Type.Optional(Type.String({ description: "A live version" })),
    alias: Type.Optional(Type.String({ description: "Instead of a version" })),
  },
  closed,
);

/** The options of a series that stand in the query where the body is CSV or JSON lines. */
export const TABLE_OPTIONS = [
  "last",
  "include",
  "scorer",
  "stride",
  "maxGapMs",
  "threshold.falseAlarmRate",
  "threshold.falseAlarms",
  "threshold.value",
  "continuation",
] as const;

export const ScoreQuerySchema = Type.Object(
  {
    ...VersionQuerySchema.properties,
    ...(Object.fromEntries(
      TABLE_OPTIONS.map((name) => [
        name,
        Type.Optional(
          Type.String({
            description: `With a body of CSV or JSON lines: as in a JSON body${name === "include" ? ", with commas between" : ""}`,
          }),
        ),
      ]),
    ) as Record<(typeof TABLE_OPTIONS)[number], TOptional<TString>>),
  },
  closed,
);
