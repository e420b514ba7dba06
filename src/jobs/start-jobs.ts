/** The store and the worker of jobs, as the settings ask for them: for the service and for `residua worker`. */
import { type Config, storeLocation } from "../config.js";
import type { ModelStore } from "../registry/model-store.js";
import { besideModels } from "../registry/open-store.js";
import { FileJobs } from "./files/file-jobs.js";
import { JobFolder } from "./files/job-folder.js";
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
  | "RESIDUA_JOB_MAX_ROWS"
  | "RESIDUA_JOB_MAX_SECONDS"
  | "RESIDUA_WIDE_VECTORS"
>;

/** What Redis needs is loaded only where a setting asks for it. @throws InputError where that is not installed. */
export async function openJobStore(config: JobSettings, log: JobLog): Promise<JobStore> {
  const folder = besideModels(storeLocation(config));
  const maxQueuedJobs = config.RESIDUA_MAX_QUEUED_JOBS;
  const url = config.RESIDUA_REDIS_URL;
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
