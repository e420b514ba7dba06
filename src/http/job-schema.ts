/** Jobs as answers have them. */
import { type TSchema, Type } from "@sinclair/typebox";
import { ResiduaError } from "../errors.js";
import type { Job } from "../jobs/job.js";
import { ProblemSchema, problemOf } from "./problem.js";

const nullable = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

export const JobSchema = Type.Object(
  {
    id: Type.String({ examples: ["0mbo5hzk3v1q8c2d7f0g4h6j"] }),
    kind: Type.String({ enum: ["train", "renew"] }),
    model: Type.String({ examples: ["pump"] }),
    state: Type.String({ enum: ["queued", "running", "done", "failed", "cancelled"] }),
    createdAt: Type.String({ format: "date-time" }),
    startedAt: nullable(Type.String({ format: "date-time" }), "Of the attempt that runs or has ended"),
    endedAt: nullable(Type.String({ format: "date-time" }), "Null until it has ended"),
    progress: nullable(
      Type.Object({
        epoch: Type.Integer(),
        epochs: Type.Integer({ description: "The most epochs of this fit; it may stop earlier" }),
        loss: Type.Number(),
        validationLoss: nullable(Type.Number(), "Null in a fit without validation windows"),
        fold: nullable(
          Type.Object({ number: Type.Integer(), of: Type.Integer() }),
          "The forward fold that is fitted; null in the last fit, on all rows",
        ),
      }),
      "The last epoch; null before the first",
    ),
    data: nullable(
      Type.Object({}, { additionalProperties: true }),
      "What was taken of the data, as `residua inspect --json` says it; null until they were read",
    ),
    warnings: Type.Array(Type.String(), { description: "A sentence each" }),
    version: nullable(Type.String(), "The version that it became"),
    problem: nullable(ProblemSchema, "Why it failed"),
  },
  { title: "Job", description: "A training or renewal" },
);

/** A job as it is answered: the reason why it failed is a problem document. */
export function toAnswer({ failure, ...job }: Job) {
  return { ...job, warnings: [...job.warnings], problem: failure && problemOfJob(job.id, failure) };
}

function problemOfJob(id: string, { code, detail, errors }: NonNullable<Job["failure"]>) {
  return problemOf(new ResiduaError(code, detail, { violations: errors ?? [] }), `/v1/jobs/${id}`);
}
