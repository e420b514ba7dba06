/** The store and the worker of jobs, as the settings ask for them: for the service and for `residua worker`. */
import { type Config, storeLocation } from "../config.js";
import type { ModelStore } from "../registry/model-store.js";
import { besideModels } from "../registry/open-store.js";
import { isS3Address } from "../registry/s3/address.js";
import { FileJobs } from "./files/file-jobs.js";
import { JobFolder } from "./files/job-folder.js";
import { JobQueue } from "./job-queue.js";
import type { JobLog } from "./job-run.js";
import type { JobStore } from "./job-store.js";
import { JobWorker } from "./job-worker.js";

export type JobSettings = Pick<
  Config,
  | "RESIDUA_MODELS"
  | "RESIDUA_MODEL_NAME"
  | "RESIDUA_S3_ENDPOINT"
  | "RESIDUA_CACHE"
  | "RESIDUA_CACHE_BYTES"
  | "RESIDUA_REDIS_URL"
  | "RESIDUA_REDIS_DATA_BYTES"
  | "RESIDUA_MAX_JOBS"
  | "RESIDUA_MAX_QUEUED_JOBS"
  | "RESIDUA_JOB_BODY_LIMIT_BYTES"
  | "RESIDUA_JOB_MAX_ROWS"
  | "RESIDUA_JOB_MAX_SECONDS"
  | "RESIDUA_WIDE_VECTORS"
>;

/** Whether processes on other machines that have the same models have other jobs: a bucket is no volume for their files. */
function areOfThisMachine({ RESIDUA_MODELS, RESIDUA_REDIS_URL }: JobSettings): boolean {
  return RESIDUA_REDIS_URL === undefined && isS3Address(RESIDUA_MODELS);
}

/** Where jobs are kept, for a log. */
export function placeOfJobs(config: JobSettings): string {
  if (config.RESIDUA_REDIS_URL !== undefined) return "Redis";
  return areOfThisMachine(config) ? besideModels(storeLocation(config)) : "the folder of models";
}

/** The side of those who ask for jobs. @param models the store that the settings name. */
export function createJobQueue(store: JobStore, config: JobSettings, models: ModelStore): JobQueue {
  const whyUnknown = areOfThisMachine(config)
    ? "Models are in an object store and RESIDUA_REDIS_URL is not set, so each replica knows only the jobs that it has taken itself: another one may have this job."
    : undefined;
  return new JobQueue(store, config.RESIDUA_JOB_BODY_LIMIT_BYTES, { models, whyUnknown });
}

/** What Redis needs is loaded only where a setting asks for it. @throws InputError where that is not installed. */
export async function openJobStore(config: JobSettings, log: JobLog): Promise<JobStore> {
  const folder = besideModels(storeLocation(config));
  const maxQueuedJobs = config.RESIDUA_MAX_QUEUED_JOBS;
  const url = config.RESIDUA_REDIS_URL;
  if (areOfThisMachine(config)) {
    log.warn(
      {},
      "RESIDUA_REDIS_URL is not set and models are in an object store: services and workers on other machines do not know the jobs of this one",
    );
  }
  if (url === undefined) return new FileJobs(new JobFolder(folder), maxQueuedJobs);
  const { RedisJobs } = await import("./redis/redis-jobs.js");
  const maxDataBytes = config.RESIDUA_REDIS_DATA_BYTES;
  return new RedisJobs({ url, folder, maxQueuedJobs, maxDataBytes, log });
}

export interface WorkerParts {
  /** The store that the settings name. */
  readonly models: ModelStore;
  /** Worker threads of the engine of each job. */
  readonly threads: number;
  readonly log: JobLog;
  /** As in `JobRunOptions`. */
  readonly onPublished: () => Promise<void>;
}

/** A worker that looks for jobs once it is told to. */
export function createJobWorker(store: JobStore, config: JobSettings, parts: WorkerParts): JobWorker {
  return new JobWorker(store, {
    ...parts,
    location: storeLocation(config),
    maxJobs: config.RESIDUA_MAX_JOBS,
    maxRows: config.RESIDUA_JOB_MAX_ROWS,
    maxSeconds: config.RESIDUA_JOB_MAX_SECONDS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
}
