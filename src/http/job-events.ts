/** A job as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { setTimeout as sleep } from "node:timers/promises";
import { ResiduaError } from "../errors.js";
import { changesOf, type JobRecord, jobAfter } from "../jobs/job.js";
import { toAnswer } from "./job-schema.js";
import type { ServedJobs } from "./served-jobs.js";

/** How often the job is looked at: it may run in another process. */
const LOOK_MS = 250;
/** A comment after so long a silence, so that no proxy takes the connection for dead. */
const COMMENT_MS = 15_000;

/** A job is read once for all who watch it, however many they are, and each of its events is written once. */
export class WatchedJobs {
  readonly #jobs: Pick<ServedJobs, "read">;
  readonly #reads = new Map<string, Promise<JobRecord>>();
  readonly #texts = new WeakMap<JobRecord, Map<number, Buffer>>();

  constructor(jobs: Pick<ServedJobs, "read">) {
    this.#jobs = jobs;
  }

  /** The job as it was at most LOOK_MS ago. Rejects with ResiduaError JOB_NOT_FOUND, JOBS_UNAVAILABLE. */
  read(id: string): Promise<JobRecord> {
    const known = this.#reads.get(id);
    if (known !== undefined) return known;
    const read = this.#jobs.read(id);
    this.#reads.set(id, read);
    setTimeout(() => this.#reads.delete(id), LOOK_MS).unref();
    return read;
  }

  /** The event of a change. */
  event(record: JobRecord, change: number): Buffer {
    const texts = this.#texts.get(record) ?? new Map<number, Buffer>();
    this.#texts.set(record, texts);
    let text = texts.get(change);
    if (text === undefined) {
      const data = JSON.stringify(toAnswer(jobAfter(record, change)));
      text = Buffer.from(`event: job\nid: ${change}\ndata: ${data}\n\n`);
      texts.set(change, text);
    }
    return text;
  }
}

/**
 * The whole job now, and whenever it has changed, until it has ended. The id of an event is the number of the change.
 *
 * @param lastId the header Last-Event-ID of a client that comes back: it gets the changes after that.
 * @param isEnding whether the service ends: then the events end too, and the client comes back to another one.
 * @returns undefined where the job has ended and the client has seen that.
 * @throws ResiduaError JOB_NOT_FOUND, JOBS_UNAVAILABLE
 */
export async function jobEvents(
  jobs: WatchedJobs,
  id: string,
  lastId: string | undefined,
  isEnding: () => boolean,
): Promise<AsyncGenerator<Uint8Array, void> | undefined> {
  const first = await jobs.read(id);
  const changes = changesOf(first);
  const isSeen = /^\d{1,9}$/.test(lastId ?? "") && Number(lastId) <= changes;
  const seen = isSeen ? Number(lastId) : changes - 1;
  if (first.end !== undefined && seen === changes) return undefined;
  return follow(jobs, id, seen, isEnding);
}

async function* follow(
  jobs: WatchedJobs,
  id: string,
  sent: number,
  isEnding: () => boolean,
): AsyncGenerator<Uint8Array, void> {
  let silentMs = 0;
  for (let next = sent + 1; ; ) {
    const record = await readIfThere(jobs, id);
    const changes = record === undefined ? 0 : changesOf(record);
    if (next <= changes) silentMs = 0;
    for (; next <= changes; next++) yield jobs.event(record!, next);
    if (record?.end !== undefined || isEnding()) return;
    await sleep(LOOK_MS);
    silentMs += LOOK_MS;
    if (silentMs < COMMENT_MS) continue;
    silentMs = 0;
    yield Buffer.from(": still there\n\n");
  }
}

/** Undefined while the store of jobs is away: whoever watches waits for it too. */
async function readIfThere(jobs: WatchedJobs, id: string): Promise<JobRecord | undefined> {
  return jobs.read(id).catch((error: unknown) => {
    if (error instanceof ResiduaError && error.code === "JOBS_UNAVAILABLE") return undefined;
    throw error;
  });
}
