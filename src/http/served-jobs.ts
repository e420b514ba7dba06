/** Jobs as this service answers them: a version that a job is said to have become can be scored with here. */
import type { JobRecord } from "../jobs/job.js";
import type { JobQueue } from "../jobs/job-queue.js";
import type { LiveModels } from "./live-models.js";

/** Of so many jobs it is remembered that their version was looked for. */
const MOST_SETTLED = 1000;

export class ServedJobs {
  readonly #queue: Pick<JobQueue, "read">;
  readonly #models: Pick<LiveModels, "list" | "registry">;
  readonly #settled = new Set<string>();

  constructor(queue: Pick<JobQueue, "read">, models: Pick<LiveModels, "list" | "registry">) {
    this.#queue = queue;
    this.#models = models;
  }

  /**
   * Reads a job. Where another process ran it, its version may not have been found here yet: it is looked for first.
   * @throws ResiduaError JOB_NOT_FOUND, JOBS_UNAVAILABLE.
   */
  async read(id: string): Promise<JobRecord> {
    const record = await this.#queue.read(id);
    const version = record.end?.version ?? undefined;
    if (version === undefined || this.#settled.has(id)) return record;
    const { model } = record.order;
    const listed = this.#models.list().find(({ name }) => name === model);
    const state = listed?.versions.find((one) => one.version === version)?.state;
    // While the engine starts, there is no registry, and nothing can be scored with anyway.
    if (state === undefined || state === "loading") await this.#look().catch(() => undefined);
    // One that was refused or deleted since is not looked for again and again.
    this.#settled.add(id);
    if (this.#settled.size > MOST_SETTLED) this.#settled.delete(this.#settled.values().next().value!);
    return record;
  }

  async #look(): Promise<void> {
    await this.#models.registry.poll();
  }
}
