/** GET /v1/models/:name/versions/:version/calibration: what normal scores of a version look like. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { type TSchema, Type } from "@sinclair/typebox";
import type { ServedModel } from "../../registry/served-model.js";
import { endValueFor } from "../../scoring/alarm-choice.js";
import { rowsPerUnit } from "../../scoring/false-alarms.js";
import { type CalibrationSample, sampleQuantile } from "../../scoring/thresholds.js";
import { chooseSeriesJudge } from "../../serving/series-judge.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { ModelVersionParamsSchema } from "../score-schema.js";

export interface CalibrationOptions {
  readonly models: LiveModels;
}

const SHARES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1];

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Counts = (description: string) =>
  Type.Array(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), { description });

const SampleSchema = Type.Object({
  n: Type.Integer({ description: "Scores in the sample" }),
  blocks: Type.Integer({ description: "Windows of them that do not overlap" }),
  quantiles: Counts("[share, score]: so large a share of the scores is at most this"),
});

const CalibrationAnswerSchema = Type.Object({
  scorers: Type.Record(Type.String(), Type.Object({ windows: SampleSchema, timesteps: SampleSchema })),
  alarms: Nullable(
    Type.Object(
      {
        scorer: Type.String(),
        begin: Type.Object({ k: Type.Integer(), n: Type.Integer() }),
        end: Nullable(Type.Number({ description: "The end value that goes with the model's own threshold" })),
        perWeek: Nullable(Counts("[threshold, events]; null where the time between two rows is not known")),
        per1000Rows: Counts("[threshold, events]"),
      },
      { description: "How many events normal rows have, by threshold; for the default scorer" },
    ),
  ),
});

export const calibrationRoutes: FastifyPluginCallbackTypebox<CalibrationOptions> = (
  app,
  { models },
  done,
) => {
  app.get(
    "/v1/models/:name/versions/:version/calibration",
    {
      schema: {
        operationId: "getCalibration",
        summary: "The scores of normal data, and the events in them",
        tags: ["models"],
        params: ModelVersionParamsSchema,
        response: {
          200: CalibrationAnswerSchema,
          404: problemResponse("MODEL_NOT_FOUND, VERSION_NOT_FOUND"),
          503: problemResponse("MODEL_NOT_READY, SHUTTING_DOWN"),
        },
      },
    },
    ({ params: { name, version } }) => {
      const lease = models.acquire(name, { version });
      try {
        return describeCalibration(lease.model);
      } finally {
        lease.release();
      }
    },
  );
  done();
};

function describeCalibration(model: ServedModel): typeof CalibrationAnswerSchema.static {
  const scorers = Object.entries(model.calibration ?? {}).map(([scorer, { windows, timesteps }]) => [
    scorer,
    { windows: describeSample(windows), timesteps: describeSample(timesteps) },
  ]);
  return { scorers: Object.fromEntries(scorers), alarms: describeAlarms(model) };
}

function describeSample(sample: CalibrationSample): typeof SampleSchema.static {
  const { n, blocks } = sample;
  return { n, blocks, quantiles: SHARES.map((share) => [share, sampleQuantile(sample, share)]) };
}

function describeAlarms(model: ServedModel): typeof CalibrationAnswerSchema.static.alarms {
  const scorer = model.manifest.scorers[0]!;
  const alarms = model.behaviour?.scorers[scorer]?.alarms;
  if (alarms === undefined) return null;
  const { k, n, rows, normal, table } = alarms;
  const threshold = chooseSeriesJudge(model, undefined, undefined).threshold?.value;
  const stepMs = model.behaviour?.stepMs;
  const per = (unitRows: number) => table.map(([value, events]) => [value, (events / rows) * unitRows]);
  return {
    scorer,
    begin: { k, n },
    end: threshold === undefined ? null : endValueFor(threshold, normal),
    perWeek: stepMs === undefined ? null : per(rowsPerUnit("week", stepMs)),
    per1000Rows: per(1000),
  };
}
