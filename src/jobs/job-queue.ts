/** Takes orders for jobs, and answers what has become of them: the side of those who ask. */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { syncFolder, writeFileDurably } from "../registry/durable-files.js";
import { explain, isReadOnly } from "../registry/folder-files.js";
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE } from "../registry/manifest.js";
import { type DataForm, type Job, type JobKind, type JobOrder, type JobRecord, jobAfter } from "./job.js";
import { DATA_FILE, type JobFolder, newJobId, ORDER_FILE } from "./job-folder.js";
import { JobKeys } from "./job-keys.js";
import { checkJobOptions, type Query } from "./job-options.js";
import { checkUnused } from "./version-users.js";

/** How many jobs that have ended a listing has. */
const MOST_LISTED = 100;
/** After how long a queue that is full may have room. */
const RETRY_AFTER_SECONDS = 30;

export interface JobQueueOptions {
  readonly maxQueuedJobs: number;
  /** The largest body. */
  readonly bodyLimitBytes: number;
}

export interface JobRequest {
  readonly kind: JobKind;
  readonly model: string;
  /** As in the query string. */
  readonly options: Query;
  readonly form: DataForm;
  /** The header Idempotency-Key. */
  readonly key: string | undefined;
  /** How many bytes will come, where that is known. */
  readonly expectedBytes: number | undefined;
}

export class JobQueue {
  readonly #jobs: JobFolder;
  readonly #keys: JobKeys;
  readonly #options: JobQueueOptions;

  constructor(jobs: JobFolder, options: JobQueueOptions) {
    this.#jobs = jobs;
    this.#keys = new JobKeys(jobs);
    this.#options = options;
  }

  /**
   * Accepts a job: when this resolves, its data are on the disk.
   *
   * @param body is read only where the job can be accepted as far as that is known without it.
   * @returns the job that waits; or with an Idempotency-Key that was used before, the job that it stands for.
   * @throws ResiduaError INVALID_REQUEST, BODY_TOO_LARGE, TOO_MANY_JOBS, CONFLICT (nothing can be written here, or the key
   *   stands for something else), INSUFFICIENT_STORAGE or INVALID_DATA (no data).
   */
  async submit(request: JobRequest, body: AsyncIterable<Uint8Array>): Promise<Job> {
    const { kind, model, form, key, expectedBytes = 0 } = request;
    if (!new RegExp(MODEL_NAME_PATTERN).test(model)) {
      throw new ResiduaError(
        "INVALID_REQUEST",
        `"${model}" cannot be the name of a model: ${MODEL_NAME_RULE}.`,
      );
    }
    const options = checkJobOptions(kind, request.options);
    if (expectedBytes > this.#options.bodyLimitBytes) throw this.#tooLarge();
    await this.#jobs.prepare().catch(refuseWriting);
    if (key === undefined || !(await this.#keys.isTaken(key))) await this.#checkRoom(expectedBytes);
    const order: JobOrder = {
      id: newJobId(Date.now()),
      kind,
      model,
      options,
      form,
      createdAt: new Date().toISOString(),
    };
    const folder = join(this.#jobs.path("uploads"), order.id);
    try {
      await mkdir(folder);
      const hash = await this.#receive(body, join(folder, DATA_FILE));
      await writeFileDurably(join(folder, ORDER_FILE), Buffer.from(JSON.stringify(order)));
      await syncFolder(folder);
      const asked = JSON.stringify([kind, model, Object.entries(options).sort(), form, hash]);
      const use = { id: order.id, hash: createHash("sha256").update(asked).digest("hex") };
      const id = key === undefined ? order.id : await this.#keys.take(key, use);
      if (id === order.id) {
        await rename(folder, join(this.#jobs.path("queued"), `${id}.0`));
        await syncFolder(this.#jobs.path("queued"));
      }
      return jobAfter(await this.read(id));
    } catch (error) {
      return refuseWriting(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Throws ResiduaError JOB_NOT_FOUND. */
  async read(id: string): Promise<JobRecord> {
    const record = await this.#jobs.read(id);
    if (record !== undefined) return record;
    throw new ResiduaError(
      "JOB_NOT_FOUND",
      "There is no job of this id; jobs that have ended are kept for 7 days. GET /v1/jobs lists them.",
    );
  }

  /** The jobs that wait or run, and the last ones that have ended; newest first. */
  async list(): Promise<Job[]> {
    const waiting = [...(await this.#jobs.list("queued")), ...(await this.#jobs.list("running"))];
    const ended = (await this.#jobs.list("ended")).slice(-MOST_LISTED);
    const ids = [...new Set([...waiting, ...ended].map(({ id }) => id))].sort().reverse();
    const records = await Promise.all(ids.map((id) => this.#jobs.read(id)));
    return records.flatMap((record) => (record === undefined ? [] : [jobAfter(record)]));
  }

  /** Asks for a job to be stopped. One that has ended stays as it is. Throws ResiduaError JOB_NOT_FOUND. */
  async cancel(id: string): Promise<void> {
    await this.read(id);
    await this.#jobs.cancel(id, () => new Date().toISOString()).catch(refuseWriting);
  }

  /** Checks that no job needs a version. Throws ResiduaError CONFLICT. */
  checkUnused(model: string, version: string): Promise<void> {
    return checkUnused(this.#jobs, model, version);
  }

  async #checkRoom(expectedBytes: number): Promise<void> {
    const { maxQueuedJobs } = this.#options;
    const { length } = await this.#jobs.list("queued");
    if (length >= maxQueuedJobs) {
      throw new ResiduaError(
        "TOO_MANY_JOBS",
        `${length} jobs wait, and no more than ${maxQueuedJobs} may (RESIDUA_MAX_QUEUED_JOBS); try again when one has ended.`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    }
    const { bavail, bsize } = await statfs(this.#jobs.path("uploads"));
    if (expectedBytes > bavail * bsize) throw noRoom(`${bavail * bsize} bytes are free`);
  }

  /** Writes a body to a file. @returns its hash. */
  async #receive(body: AsyncIterable<Uint8Array>, file: string): Promise<string> {
    const hash = createHash("sha256");
    const handle = await open(file, "wx");
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > this.#options.bodyLimitBytes) throw this.#tooLarge();
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (bytes === 0)
      throw new ResiduaError("INVALID_DATA", "The body is empty; it has to be the data to learn from.");
    return hash.digest("hex");
  }

  #tooLarge(): ResiduaError {
    const { bodyLimitBytes } = this.#options;
    return new ResiduaError(
      "BODY_TOO_LARGE",
      `Training data may have up to ${bodyLimitBytes} bytes (RESIDUA_JOB_BODY_LIMIT_BYTES).`,
    );
  }
}

function noRoom(why: string): ResiduaError {
  return new ResiduaError(
    "INSUFFICIENT_STORAGE",
    `There is no room for the data on the volume of models: ${why}.`,
  );
}

/** Turns what the system says on writing into an answer. */
function refuseWriting(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw noRoom(explain(error));
  if (isReadOnly(error as NodeJS.ErrnoException)) {
    throw new ResiduaError(
      "CONFLICT",
      `There can be no jobs here: this process may not write to the folder of models (${explain(error)}).`,
      { cause: error },
    );
  }
  if (error instanceof InputError) throw new ResiduaError("INVALID_DATA", error.message);
  throw error;
}
