/** What a score request and its answer look like: the contract in OpenAPI, and the check of the small members. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { HEAD_NAMES } from "../network/network.js";
import { SCORER_NAMES } from "../scoring/scorers/scorers.js";
import { THRESHOLD_METHODS } from "../scoring/thresholds.js";
import { INCLUDABLE } from "../serving/score-result.js";

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
const Numbers = (description: string) => Type.Array(Nullable(Type.Number()), { description });

export const ScoreOptionsSchema = Type.Object(
  {
    include: Type.Optional(
      Type.Array(oneOf(INCLUDABLE), {
        description:
          "What the answer holds beside scores; by default timestepError and every head the model has. Only windows have these parts.",
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
        description: "Rows from the start of one window to the next; 1 by default",
      }),
    ),
    maxGapMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: "No window crosses a longer step in time; 10 x the median step by default",
      }),
    ),
  },
  closed,
);
export type SeriesOptions = Static<typeof SeriesOptionsSchema>;

const WindowsRequestSchema = Type.Object(
  {
    windows: Type.Array(Type.Array(Type.Array(Reading, { minItems: 1 }), { minItems: 1 }), {
      minItems: 1,
      description: "[n][T][F]: n windows of the model's T timesteps of its F features",
    }),
    ...ScoreOptionsSchema.properties,
  },
  { ...closed, title: "Windows" },
);

const SeriesRequestSchema = Type.Object(
  {
    series: Type.Array(Type.Array(Reading, { minItems: 1 }), {
      minItems: 1,
      description: "[N][F]: at least T rows, cut into windows and stitched into a score a timestep",
    }),
    timestamps: Type.Optional(
      Type.Array(Type.Union([Type.String({ format: "date-time" }), Type.Number()]), {
        description: "[N], increasing: RFC 3339 or epoch milliseconds",
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

const Rows = (description: string) => Type.Optional(Type.Array(Numbers("[F]"), { description }));

const WindowResultSchema = Type.Object({
  score: Nullable(Type.Number()),
  pValue: Nullable(Type.Number()),
  anomalous: Nullable(Type.Boolean()),
  coverage: Type.Number({ description: "The share of readings present" }),
  saturated: Type.Optional(Type.Literal(true)),
  timestepError: Type.Optional(Numbers("[T]")),
  featureError: Type.Optional(Numbers("[F]")),
  headError: Type.Optional(Type.Partial(Type.Record(oneOf(HEAD_NAMES), Numbers("[steps]")))),
  reconstruction: Rows("[steps][F], in the caller's units"),
  prediction: Rows("[steps][F], in the caller's units"),
  embedding: Type.Optional(Numbers("[U]: the encoder's last state")),
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
  start: Type.Integer({ description: "The first anomalous timestep" }),
  end: Type.Integer({ description: "The last one" }),
  peak: Type.Integer({ description: "The one with the highest score" }),
  score: Type.Number(),
  features: Type.Array(Type.Object({ name: Type.String(), share: Type.Number() }), {
    description: "Largest share first",
  }),
});

export const SeriesResponseSchema = Type.Object(
  {
    model: ScoredBySchema,
    threshold: AppliedThresholdSchema,
    timesteps: Type.Object({
      score: Numbers("[N]; null where no window covers"),
      anomalous: Type.Array(Nullable(Type.Boolean())),
      pValue: Numbers("[N]"),
    }),
    events: Type.Array(EventSchema),
    timing: TimingSchema,
  },
  { title: "SeriesScores" },
);

export const ScoreResponseSchema = Type.Union([WindowsResponseSchema, SeriesResponseSchema], {
  description: "Scores of the windows, or of the series' timesteps",
});

// What no model or version is called is not found, as any other that is not there.
export const ModelParamsSchema = Type.Object({ name: Type.String() });

export const VersionQuerySchema = Type.Object(
  {
    version: Type.Optional(Type.String({ description: "A live version" })),
    alias: Type.Optional(Type.String({ description: "Instead of a version" })),
  },
  closed,
);
