/**
 * The schemas of a score request and its answer, for the OpenAPI document. The members of a request other
 * than its readings are checked by them too.
 */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { FALSE_ALARMS_PATTERN } from "../scoring/false-alarms.js";
import { SCORER_NAMES } from "../scoring/scorers/scorers.js";
import { THRESHOLD_METHODS } from "../scoring/thresholds.js";
import { ANSWER_PARTS, INCLUDABLE } from "./answer-parts.js";
import { TIME_UNITS } from "./timestamps.js";

const closed = { additionalProperties: false };
const oneOf = <const T extends string>(names: readonly T[], options: { description?: string } = {}) =>
  Type.Union(
    names.map((name) => Type.Literal(name)),
    options,
  );
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
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
          "Parts of the answer beside scores; by default timestepError and what every head of the model gives. A part that cannot be given for a series is left out there.",
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
        description: "[N], increasing: RFC 3339 with a zone, or numbers of one unit since 1970 (timeUnit)",
      }),
    ),
    ...SeriesOptionsSchema.properties,
  },
  { ...closed, title: "Series" },
);

export const ScoreRequestSchema = Type.Union([WindowsRequestSchema, SeriesRequestSchema], {
  description: "Exactly one of windows and series",
});

const ScoredBySchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  sha256: Type.String({ description: "Of the version's manifest.json" }),
  engine: Type.String(),
  device: Type.String(),
});

const AppliedThresholdSchema = Nullable(
  Type.Object({
    value: Type.Number({ description: "A score above it is anomalous" }),
    method: oneOf(THRESHOLD_METHODS),
    scorer: oneOf(SCORER_NAMES),
    falseAlarmRate: Nullable(Type.Number()),
  }),
);

const SeriesThresholdSchema = Nullable(
  Type.Object({
    value: Type.Number({ description: "A timestep with a score above it is anomalous" }),
    method: oneOf([...THRESHOLD_METHODS, "falseAlarms"]),
    scorer: oneOf(SCORER_NAMES),
    falseAlarmRate: Nullable(Type.Number()),
    falseAlarms: Nullable(Type.String({ description: "Such as 1/week" })),
    alarm: Type.Object(
      { k: Type.Integer(), n: Type.Integer(), endValue: Type.Number() },
      {
        description:
          "An event begins with k of n timesteps above the value, and goes on with k of n above the end value",
      },
    ),
  }),
);

const WindowResultSchema = Type.Object(
  Object.fromEntries(
    ANSWER_PARTS.flatMap(({ name, presence, windows }) =>
      windows === undefined
        ? []
        : [[name, presence === "always" ? windows.schema : Type.Optional(windows.schema)]],
    ),
  ),
);

const TimestepsSchema = Type.Object({
  from: Type.Integer({ description: "The row, in the stream, of the first timestep" }),
  final: Type.Integer({
    description: "How many of the timesteps stay as they are when more rows come: all but the last T - 1",
  }),
  ...Object.fromEntries(
    ANSWER_PARTS.flatMap(({ name, presence, series }) =>
      series === undefined
        ? []
        : [[name, presence === "always" ? series.schema : Type.Optional(series.schema)]],
    ),
  ),
});

const TimingSchema = Type.Object({ queueMs: Type.Number(), computeMs: Type.Number() });

export const WindowsResponseSchema = Type.Object(
  {
    model: ScoredBySchema,
    threshold: AppliedThresholdSchema,
    windows: Type.Array(WindowResultSchema),
    timing: TimingSchema,
  },
  { title: "WindowScores" },
);

const EventSchema = Type.Object({
  id: Type.Integer(),
  start: Type.Integer({
    description: "The first row whose stitched timestep error is out of its normal range",
  }),
  end: Type.Integer({ description: "The last one" }),
  peak: Type.Integer({ description: "The one with the highest score" }),
  score: Type.Number({ description: "At the peak" }),
  open: Type.Boolean({ description: "Whether the event goes on at the end of the series" }),
  features: Type.Array(Type.Object({ name: Type.String(), share: Type.Number() }), {
    description: "Largest share first",
  }),
});

export const DriftSchema = Type.Object({
  moved: Type.Boolean({ description: "Whether the normal level has moved since calibration" }),
  since: Nullable(
    Type.Integer({
      description: "The row of the stream that the first block of T rows after the change begins with",
    }),
  ),
  pValue: Type.Number({ description: "Of the test that nothing has moved" }),
  share: Type.Number({ description: "Of the rows since then, those with a p-value of at most 0.05" }),
});

const TimeSchema = Type.Object(
  {
    unit: Nullable(oneOf(TIME_UNITS, { description: "Of the timestamps; null where they are text" })),
    stepMs: Nullable(Type.Number({ description: "The usual step; null for a single row" })),
    gaps: Type.Integer({ description: "Steps that no window crosses" }),
  },
  { description: "Where there are timestamps" },
);

export const SeriesResponseSchema = Type.Object(
  {
    model: ScoredBySchema,
    threshold: SeriesThresholdSchema,
    timesteps: TimestepsSchema,
    time: Type.Optional(TimeSchema),
    notes: Type.Optional(
      Type.Array(Type.String(), { description: "Sentences on what was assumed, where there are any" }),
    ),
    events: Type.Array(EventSchema),
    drift: Nullable(DriftSchema),
    continuation: Type.Optional(
      Type.String({
        description: "For the next request of a stream, where this one had a continuation: at most 128 KiB",
      }),
    ),
    timing: TimingSchema,
  },
  { title: "SeriesScores" },
);

export const ScoreResponseSchema = Type.Union([WindowsResponseSchema, SeriesResponseSchema], {
  description: "Scores of the windows, or of the series' timesteps",
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
