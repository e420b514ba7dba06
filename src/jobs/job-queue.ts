/** Takes orders for jobs, and answers what has become of them: the side of those who ask. */
import { createHash } from "node:crypto";
import { InputError, ResiduaError } from "../errors.js";
import { MODEL_NAME_PATTERN, MODEL_NAME_RULE } from "../registry/manifest.js";
import type { ModelStore } from "../registry/model-store.js";
import { type DataForm, type Job, type JobKind, type JobOrder, type JobRecord, jobAfter } from "./job.js";
import { newJobId } from "./job-id.js";
import { checkJobOptions, type Query } from "./job-options.js";
import type { JobStore, JobUpload } from "./job-store.js";
import { findPublished } from "./published-version.js";
import { checkRenewable } from "./renewable.js";
import { checkUnused } from "./version-users.js";

/** How many jobs that have ended a listing has. */
const MOST_LISTED = 100;

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

export interface JobQueueOptions {
  /**
   * Where models are published: what is to be renewed, and what a job to be stopped has published, is looked for there. Left
   * out where neither is asked for.
   */
  readonly models?: Pick<ModelStore, "list" | "title" | "publishedBy"> | undefined;
  /** A sentence for who asks for a job that is not in this store, where another service may have it. */
  readonly whyUnknown?: string | undefined;
}

export class JobQueue {
  readonly #store: JobStore;
  readonly #bodyLimitBytes: number;
  readonly #options: JobQueueOptions;

  /** @param bodyLimitBytes the largest body. */
  constructor(store: JobStore, bodyLimitBytes: number, options: JobQueueOptions = {}) {
    this.#store = store;
    this.#bodyLimitBytes = bodyLimitBytes;
    this.#options = options;
  }

  /**
   * Accepts a job: when this resolves, it is in the queue with its data, and outlives this process.
   *
   * @param body is read only where the job can be accepted as far as that is known without it.
   * @returns the job that waits; or with an Idempotency-Key that was used before, the job that it stands for.
   * @throws ResiduaError INVALID_REQUEST, BODY_TOO_LARGE, TOO_MANY_JOBS, CONFLICT (nothing can be written here, or the key
   *   stands for something else), INSUFFICIENT_STORAGE, JOBS_UNAVAILABLE, INVALID_DATA (no data); for a renewal also
   *   MODEL_NOT_FOUND, VERSION_NOT_FOUND and STORE_UNAVAILABLE.
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
    if (expectedBytes > this.#bodyLimitBytes) throw this.#tooLarge();
    const { models } = this.#options;
    if (kind === "renew" && models !== undefined) await checkRenewable(models, model, options["version"]);
    await this.#store.checkRoom(expectedBytes, key);
    const now = new Date();
    const order: JobOrder = {
      id: newJobId(now.getTime()),
      kind,
      model,
      options,
      form,
      createdAt: now.toISOString(),
    };
    const upload = await this.#store.upload(order.id);
    try {
      const sha256 = await this.#receive(body, upload);
      const asked = JSON.stringify([kind, model, Object.entries(options).sort(), form, sha256]);
      const hash = createHash("sha256").update(asked).digest("hex");
      const id = await upload.accept(order, sha256, key === undefined ? undefined : { key, hash });
      return jobAfter(await this.read(id));
    } catch (error) {
      if (error instanceof InputError) throw new ResiduaError("INVALID_DATA", error.message);
      throw error;
    } finally {
      await upload.discard();
    }
  }

  /** @throws ResiduaError JOB_NOT_FOUND. */
  async read(id: string): Promise<JobRecord> {
    const record = await this.#store.read(id);
    if (record !== undefined) return record;
    const unknown =
      "There is no job of this id; jobs that have ended are kept for 7 days. GET /v1/jobs lists them.";
    throw new ResiduaError("JOB_NOT_FOUND", [unknown, this.#options.whyUnknown ?? []].flat().join(" "));
  }

  /** The jobs that wait or run, and the last ones that have ended; newest first. */
  async list(): Promise<Job[]> {
    return (await this.#store.list(MOST_LISTED)).map((record) => jobAfter(record));
  }

  /** Asks for a job to be stopped. One that has ended stays as it is. @throws ResiduaError JOB_NOT_FOUND. */
  async cancel(id: string): Promise<void> {
    const { order } = await this.read(id);
    await this.#store.cancel(id, () => this.#mayHavePublished(order));
  }

  /** Checks that no job needs a version. @throws ResiduaError CONFLICT. */
  checkUnused(model: string, version: string): Promise<void> {
    return checkUnused(this.#store, model, version);
  }

  /** Whether a job has published a version; true where that cannot be read now. */
  async #mayHavePublished(order: JobOrder): Promise<boolean> {
    const { models } = this.#options;
    if (models === undefined) return false;
    const once = { isGivenUp: () => true, onTrouble: () => undefined, againMs: 0 };
    return findPublished(models, order, once).then(
      (version) => version !== undefined,
      () => true,
    );
  }

  /** Writes a body to the store. @returns its hash. */
  async #receive(body: AsyncIterable<Uint8Array>, upload: JobUpload): Promise<string> {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > this.#bodyLimitBytes) throw this.#tooLarge();
      hash.update(chunk);
      await upload.write(chunk);
    }
    if (bytes === 0)
      throw new ResiduaError("INVALID_DATA", "The body is empty; it has to be the data to learn from.");
    return hash.digest("hex");
  }

  #tooLarge(): ResiduaError {
    return new ResiduaError(
      "BODY_TOO_LARGE",
      `Training data may have up to ${this.#bodyLimitBytes} bytes (RESIDUA_JOB_BODY_LIMIT_BYTES).`,
    );
  }
}
