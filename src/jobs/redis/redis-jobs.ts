/**
 * Jobs in Redis: services take orders, and workers on any number of machines run them. Order, notes, data and end of a job
 * are in Redis, so a service needs no place to write to; workers write to the folder of models, to publish there.
 */
import { rm } from "node:fs/promises";
import { isReadOnly } from "../../registry/folder-files.js";
import { refuseWriting } from "../files/refused-writing.js";
import { cancelledEnd, failedEnd, type JobRecord } from "../job.js";
import { isJobId } from "../job-id.js";
import type { JobLog } from "../job-run.js";
import type { JobStore } from "../job-store.js";
import { LEASE_MS } from "../limits.js";
import { tooManyJobs } from "../refusals.js";
import { parseOrder } from "../stored-job.js";
import { type Delivered, Delivery } from "./delivery.js";
import { RedisClaim } from "./redis-claim.js";
import { jobKey, OPEN, useKey, WAITING } from "./redis-keys.js";
import { loadRedis } from "./redis-library.js";
import { RedisLink } from "./redis-link.js";
import { RedisRecords } from "./redis-records.js";
import { noRoomInRedis, type RedisLimits, RedisUpload } from "./redis-upload.js";
import { WorkFolders } from "./work-folders.js";

/** How often jobs are looked for that nobody brings, and folders that nobody needs. */
const TIDY_MS = 30_000;
/** After Redis comes back, workers that were cut off from it have so long to say that they live. */
const GRACE_MS = 10_000;

export interface RedisJobsOptions extends RedisLimits {
  readonly url: string;
  /** The folder of models, or what `besideModels` gives. */
  readonly folder: string;
  readonly log: JobLog;
}

export class RedisJobs implements JobStore {
  readonly #options: RedisJobsOptions;
  readonly #link: RedisLink;
  readonly #delivery: Delivery;
  readonly #records: RedisRecords;
  readonly #folders: WorkFolders;
  #tidiedMs = Number.NEGATIVE_INFINITY;

  /** Redis need not be there yet. @throws InputError where the packages that it needs are not installed. */
  constructor(options: RedisJobsOptions) {
    const library = loadRedis();
    this.#options = options;
    this.#link = new RedisLink(options.url, library, options.log);
    this.#delivery = new Delivery(this.#link, library);
    this.#records = new RedisRecords(this.#link);
    this.#folders = new WorkFolders(options.folder);
  }

  async checkRoom(expectedBytes: number, key: string | undefined): Promise<void> {
    const { maxQueuedJobs, maxDataBytes } = this.#options;
    const [isTaken, waiting] = await this.#link.run((client) =>
      Promise.all([key === undefined ? 0 : client.exists(useKey(key)), client.scard(WAITING)]),
    );
    if (isTaken === 1) return;
    if (waiting >= maxQueuedJobs) throw tooManyJobs(waiting, maxQueuedJobs);
    const held = Number(await this.#link.script("runHeld"));
    if (expectedBytes > maxDataBytes - held) throw noRoomInRedis(held, this.#options);
  }

  async upload(id: string): Promise<RedisUpload> {
    return new RedisUpload(this.#link, this.#delivery, this.#options, id);
  }

  read(id: string): Promise<JobRecord | undefined> {
    return this.#records.read(id);
  }

  list(mostEnded: number): Promise<JobRecord[]> {
    return this.#records.list(mostEnded);
  }

  async cancel(id: string, mayHavePublished: () => Promise<boolean>): Promise<void> {
    if (!isJobId(id)) return;
    const end = JSON.stringify(cancelledEnd());
    const stop = (mayEndBegun: "0" | "1"): Promise<unknown> =>
      this.#link.script("runCancel", id, end, mayEndBegun);
    let stopped = await stop("0");
    if (stopped === 2 && !(await mayHavePublished())) stopped = await stop("1");
    if (stopped === 1) await this.#delivery.remove(id).catch(() => undefined);
  }

  async tend(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#tidiedMs < TIDY_MS) return;
    const open = await this.#link.run((client) => client.zrange(OPEN, 0, -1));
    for (const id of open) {
      if (isJobId(id) && !(await this.#delivery.has(id))) await this.#delivery.add(id);
    }
    this.#tidiedMs = nowMs;
    await this.#folders
      .removeOld((id) => this.read(id))
      .catch((error: NodeJS.ErrnoException) => {
        // A service that runs no jobs may have the folder of models to read it alone: workers remove them.
        if (!isReadOnly(error))
          this.#options.log.warn({ err: error }, "folders of jobs that have ended could not be removed");
      });
  }

  async take(): Promise<RedisClaim | undefined> {
    // Before a job is taken: one whose bundle could not be written is better left to others.
    await this.#folders.prepare().catch(refuseWriting);
    for (;;) {
      const delivered = await this.#delivery.next();
      if (delivered === undefined) return undefined;
      const claim = await this.#begin(delivered);
      if (claim !== undefined) return claim;
    }
  }

  async close(): Promise<void> {
    await this.#delivery.close();
    this.#link.close();
  }

  async #begin(delivered: Delivered): Promise<RedisClaim | undefined> {
    const { id } = delivered;
    const mayTakeOver = this.#link.readyForMs >= GRACE_MS ? "1" : "0";
    const begun = (await this.#link.script("runBegin", id, LEASE_MS, mayTakeOver)) as readonly string[];
    const [orderJson, pieces, sha256, fence, attempt] = begun;
    if (orderJson === undefined) {
      await delivered.settle();
      return undefined;
    }
    if (begun.length === 1) {
      await delivered.putBack("later");
      return undefined;
    }
    const order = parseOrder(orderJson);
    if (order?.id !== id) {
      const detail = "What Redis has of the job is not what was ordered.";
      await this.#link.script("runEnd", id, fence!, JSON.stringify(failedEnd({ code: "INTERNAL", detail })));
      await delivered.settle();
      this.#options.log.warn({ job: id, key: jobKey(id) }, "a job in Redis is not of the form of one");
      return undefined;
    }
    const folder = await this.#folders.begin(id, Number(fence)).catch(async (error: unknown) => {
      await this.#link.script("runGiveBack", id, fence!, "0");
      await delivered.putBack("later");
      return refuseWriting(error);
    });
    return new RedisClaim({
      link: this.#link,
      delivered,
      order,
      fence: Number(fence),
      attempt: Number(attempt),
      pieces: Number(pieces),
      sha256: sha256!,
      folder,
      cleanUp: () => rm(folder, { recursive: true, force: true }),
    });
  }
}
