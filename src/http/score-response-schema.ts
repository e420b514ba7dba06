/** The schemas of the answers to score requests, for the OpenAPI document. */
import { type TSchema, Type } from "@sinclair/typebox";
import { SCORER_NAMES } from "../scoring/scorers/scorers.js";
import { THRESHOLD_METHODS } from "../scoring/thresholds.js";
import { ANSWER_PARTS } from "./answer-parts.js";
import { oneOf } from "./score-schema.js";
import { TIME_UNITS } from "./timestamps.js";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

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
