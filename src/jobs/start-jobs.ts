/** The store and the worker of jobs, as the settings ask for them: for the service and for `residua worker`. */
import type { Config } from "../config.js";
import { FileJobs } from "./files/file-jobs.js";
import { JobFolder } from "./files/job-folder.js";
import type { JobLog } from "./job-run.js";
import type { JobStore } from "./job-store.js";
import { JobWorker } from "./job-worker.js";

export type JobSettings = Pick<
  Config,
  | "RESIDUA_MODELS"
  | "RESIDUA_REDIS_URL"
  | "RESIDUA_REDIS_DATA_BYTES"
  | "RESIDUA_MAX_JOBS"
  | "RESIDUA_MAX_QUEUED_JOBS"
  | "RESIDUA_JOB_MAX_ROWS"
  | "RESIDUA_JOB_MAX_SECONDS"
  | "RESIDUA_WIDE_VECTORS"
>;

/** What Redis needs is loaded only where a setting asks for it. Throws InputError where that is not installed. */
export async function openJobStore(config: JobSettings, log: JobLog): Promise<JobStore> {
  const modelsFolder = config.RESIDUA_MODELS;
  const maxQueuedJobs = config.RESIDUA_MAX_QUEUED_JOBS;
  const url = config.RESIDUA_REDIS_URL;
  if (url === undefined) return new FileJobs(new JobFolder(modelsFolder), maxQueuedJobs);
  const { RedisJobs } = await import("./redis/redis-jobs.js");
  const maxDataBytes = config.RESIDUA_REDIS_DATA_BYTES;
  return new RedisJobs({ url, modelsFolder, maxQueuedJobs, maxDataBytes, log });
}

export interface WorkerParts {
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
    modelsFolder: config.RESIDUA_MODELS,
    maxJobs: config.RESIDUA_MAX_JOBS,
    maxRows: config.RESIDUA_JOB_MAX_ROWS,
    maxSeconds: config.RESIDUA_JOB_MAX_SECONDS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
}
