/** What has become of jobs: all of them, one, its events, and to stop it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { Type } from "@sinclair/typebox";
import { jobAfter } from "../../jobs/job.js";
import type { JobQueue } from "../../jobs/job-queue.js";
import type { JobWorker } from "../../jobs/job-worker.js";
import type { Lifecycle } from "../../serving/lifecycle.js";
import { sendChunks } from "../body-chunks.js";
import { jobEvents, WatchedJobs } from "../job-events.js";
import { JobSchema, toAnswer } from "../job-schema.js";
import type { LiveModels } from "../live-models.js";
import { problemResponse } from "../problem.js";
import { ServedJobs } from "../served-jobs.js";

export interface JobsOptions {
  readonly queue: JobQueue;
  readonly worker: JobWorker;
  readonly lifecycle: Pick<Lifecycle, "isEnding">;
  readonly models: LiveModels;
}

const ParamsSchema = Type.Object({ id: Type.String() });
const HeadersSchema = Type.Object({
  "last-event-id": Type.Optional(
    Type.String({ description: "The id of the last event that was received: those after it are sent" }),
  ),
});
const NOT_FOUND = problemResponse("JOB_NOT_FOUND");
const AWAY = problemResponse("JOBS_UNAVAILABLE, SHUTTING_DOWN");
const REFUSED = {
  404: NOT_FOUND,
  409: problemResponse("CONFLICT: the folder is read-only for the service"),
  503: AWAY,
};
/** How long the answer to DELETE waits for a process to end. */
const STOP_LOOKS = 50;
const STOP_LOOK_MS = 100;

/** Registered only where an admin token is set. */
export const jobRoutes: FastifyPluginCallbackTypebox<JobsOptions> = (app, options, done) => {
  const { queue, worker, lifecycle } = options;
  const jobs = new ServedJobs(queue, options.models);
  const watched = new WatchedJobs(jobs);
  app.get(
    "/v1/jobs",
    {
      schema: {
        operationId: "listJobs",
        summary: "The jobs that wait or run and the last ones that have ended, newest first",
        tags: ["jobs"],
        response: { 200: Type.Object({ jobs: Type.Array(JobSchema) }), 503: AWAY },
      },
    },
    async () => ({ jobs: (await queue.list()).map(toAnswer) }),
  );
  app.get(
    "/v1/jobs/:id",
    {
      schema: {
        operationId: "getJob",
        summary: "A job: its state, its progress, and what it became",
        tags: ["jobs"],
        params: ParamsSchema,
        response: { 200: JobSchema, 404: NOT_FOUND, 503: AWAY },
      },
    },
    async ({ params }) => toAnswer(jobAfter(await jobs.read(params.id))),
  );
  app.delete(
    "/v1/jobs/:id",
    {
      onRequest: app.requireAdmin,
      schema: {
        operationId: "cancelJob",
        summary: "Stops a job; what it has learnt is dropped. A job that has ended stays as it is",
        tags: ["jobs"],
        security: [{ bearer: [] }],
        params: ParamsSchema,
        response: { 200: JobSchema, 202: JobSchema, ...REFUSED },
      },
    },
    async ({ params }, reply) => {
      await queue.cancel(params.id);
      worker.cancel(params.id);
      let job = jobAfter(await jobs.read(params.id));
      for (let look = 0; job.endedAt === null && look < STOP_LOOKS; look++) {
        await sleep(STOP_LOOK_MS);
        job = jobAfter(await jobs.read(params.id));
      }
      // It runs in another process, which will see the order when it next says that it lives.
      reply.code(job.endedAt === null ? 202 : 200);
      return toAnswer(job);
    },
  );
  app.get(
    "/v1/jobs/:id/events",
    {
      schema: {
        operationId: "watchJob",
        summary:
          "A job as server-sent events: the whole job at each epoch and each state, until it has ended",
        tags: ["jobs"],
        params: ParamsSchema,
        headers: HeadersSchema,
        response: {
          200: {
            description: "Events of the type `job`, whose data are the job",
            content: { "text/event-stream": { schema: Type.String() } },
          },
          204: Type.Null({ description: "All of its events were received already" }),
          404: NOT_FOUND,
          503: AWAY,
        },
      },
    },
    async ({ params, headers }, reply) => {
      const events = await jobEvents(watched, params.id, headers["last-event-id"], () => lifecycle.isEnding);
      if (events === undefined) return reply.code(204).send(null);
      reply.header("cache-control", "no-store");
      return sendChunks(reply, "text/event-stream", events);
    },
  );
  done();
};
