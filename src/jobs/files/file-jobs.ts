/** Jobs as files on the volume of models: any service or worker on that volume takes any of them, without another server. */
import { statfs } from "node:fs/promises";
import type { JobRecord } from "../job.js";
import type { JobStore } from "../job-store.js";
import { LEASE_MS } from "../limits.js";
import { tooManyJobs } from "../refusals.js";
import { FileClaim } from "./file-claim.js";
import { FileKeys } from "./file-keys.js";
import { FileUpload } from "./file-upload.js";
import type { JobFolder, Place } from "./job-folder.js";
import { LeaseWatch } from "./lease-watch.js";
import { noRoom, refuseWriting } from "./refused-writing.js";
import { removeOldJobs } from "./retention.js";

/** How often jobs that ended long ago are removed. */
const CLEAN_MS = 10 * 60 * 1000;

export class FileJobs implements JobStore {
  readonly #jobs: JobFolder;
  readonly #keys: FileKeys;
  readonly #maxQueuedJobs: number;
  readonly #leases = new LeaseWatch(LEASE_MS);
  /** Jobs whose worker has fallen silent. */
  #silent: Place[] = [];
  #cleanedMs = Number.NEGATIVE_INFINITY;

  constructor(jobs: JobFolder, maxQueuedJobs: number) {
    this.#jobs = jobs;
    this.#keys = new FileKeys(jobs);
    this.#maxQueuedJobs = maxQueuedJobs;
  }

  async checkRoom(expectedBytes: number, key: string | undefined): Promise<void> {
    await this.#jobs.prepare().catch(refuseWriting);
    if (key !== undefined && (await this.#keys.isTaken(key))) return;
    await this.#checkQueue();
    const { bavail, bsize } = await statfs(this.#jobs.path("uploads"));
    if (expectedBytes > bavail * bsize) throw noRoom(`${bavail * bsize} bytes are free`);
  }

  upload(id: string): Promise<FileUpload> {
    const checkQueue = (): Promise<void> => this.#checkQueue();
    return FileUpload.begin({ jobs: this.#jobs, keys: this.#keys, checkQueue }, id);
  }

  /** @throws ResiduaError TOO_MANY_JOBS */
  async #checkQueue(): Promise<void> {
    const { length } = await this.#jobs.list("queued");
    if (length >= this.#maxQueuedJobs) throw tooManyJobs(length, this.#maxQueuedJobs);
  }

  read(id: string): Promise<JobRecord | undefined> {
    return this.#jobs.read(id);
  }

  async list(mostEnded: number): Promise<JobRecord[]> {
    const open = [...(await this.#jobs.list("queued")), ...(await this.#jobs.list("running"))];
    const ended = mostEnded === 0 ? [] : (await this.#jobs.list("ended")).slice(-mostEnded);
    // A job that moves meanwhile is seen twice: where it was seen last, it is more likely still.
    const places = new Map([...open, ...ended].map((place) => [place.id, place]));
    const newest = [...places].sort(([a], [b]) => (a < b ? 1 : -1));
    const records = await Promise.all(newest.map(([id, place]) => this.#jobs.read(id, place)));
    return records.filter((record) => record !== undefined);
  }

  async cancel(id: string, mayHavePublished: () => Promise<boolean>): Promise<void> {
    await this.#jobs.cancel(id, mayHavePublished).catch(refuseWriting);
  }

  async tend(own: ReadonlySet<string>): Promise<void> {
    const running = await this.#jobs.list("running");
    this.#silent = await this.#leases.silent(running.filter(({ id }) => !own.has(id)));
    const nowMs = performance.now();
    if (nowMs - this.#cleanedMs < CLEAN_MS) return;
    this.#cleanedMs = nowMs;
    await removeOldJobs(this.#jobs);
  }

  async take(): Promise<FileClaim | undefined> {
    const queued = await this.#jobs.list("queued");
    for (;;) {
      const place = this.#silent.shift() ?? queued.shift();
      if (place === undefined) return undefined;
      const claim = await FileClaim.take(this.#jobs, place);
      if (claim !== undefined) return claim;
    }
  }

  async close(): Promise<void> {}
}
