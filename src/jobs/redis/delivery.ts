/**
 * BullMQ brings the ids of jobs that wait to workers, in order, and brings one again whose worker has not been heard of. It
 * may bring an id twice, or one whose job has ended: what a job is, and whose, is said by its own record.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LEASE_MS } from "../limits.js";
import { PREFIX, QUEUE } from "./redis-keys.js";
import type { BullJob, BullQueue, BullWorker, RedisLibrary } from "./redis-library.js";
import type { RedisLink } from "./redis-link.js";

/** How often a worker that has fallen silent is looked for. It is found at the second look after the lease is over. */
const STALLED_MS = 5000;
/** After how long an id is brought again whose worker may live. */
const LATER_MS = 5000;
/** How long the first commands of BullMQ may take. */
const OPEN_MS = 5000;

/** BullMQ fails a job itself after so many workers fell silent; how many a job may have is counted in its record. */
const ANY_NUMBER = 1_000_000;

interface Bull {
  readonly queue: BullQueue;
  readonly worker: BullWorker;
}

/** An id that was brought to this process, which alone has it until it falls silent. */
export interface Delivered {
  readonly id: string;
  /** Says that the worker lives. */
  renew(): Promise<void>;
  /** Nothing is left to be done. */
  settle(): Promise<void>;
  /** Somebody else may take it, at once or a little later. */
  putBack(when: "now" | "later"): Promise<void>;
}

export class Delivery {
  readonly #link: RedisLink;
  readonly #library: RedisLibrary;
  #opening: Promise<Bull> | undefined;
  #deliveries = 0;

  constructor(link: RedisLink, library: RedisLibrary) {
    this.#link = link;
    this.#library = library;
  }

  /** Brings an id to a worker; does nothing where it is being brought already. */
  async add(id: string): Promise<void> {
    const { queue } = await this.#open();
    await this.#link.run(() => queue.add("job", {}, { jobId: id }));
  }

  /** Whether an id waits to be brought, or has been brought to a worker. */
  async has(id: string): Promise<boolean> {
    const { queue } = await this.#open();
    return (await this.#link.run(() => queue.getJob(id))) !== undefined;
  }

  /** Takes back an id that waits; it does not matter where that fails. */
  async remove(id: string): Promise<void> {
    const { queue } = await this.#open();
    await queue.remove(id).catch(() => 0);
  }

  /** The next id; undefined where none waits. */
  async next(): Promise<Delivered | undefined> {
    const { worker } = await this.#open();
    const token = `${process.pid}-${Date.now()}-${this.#deliveries++}`;
    const job = await this.#link.run(() => worker.getNextJob(token, { block: false }));
    return job?.id === undefined ? undefined : this.#delivered(job, job.id, token);
  }

  async close(): Promise<void> {
    const bull = await this.#opening?.catch(() => undefined);
    if (bull !== undefined) await closed(bull);
  }

  #delivered(job: BullJob, id: string, token: string): Delivered {
    // Each fails where BullMQ has brought the id to somebody else meanwhile: then that is who says what becomes of it.
    const ours = (change: () => Promise<unknown>): Promise<void> =>
      this.#link
        .ready()
        .then(change)
        .then(
          () => undefined,
          () => undefined,
        );
    return {
      id,
      renew: () => ours(() => job.extendLock(token, LEASE_MS)),
      settle: () => ours(() => job.moveToCompleted(null, token, false)),
      putBack: (when) =>
        ours(() =>
          when === "now" ? job.moveToWait(token) : job.moveToDelayed(Date.now() + LATER_MS, token),
        ),
    };
  }

  /** Opens it at the first need, and anew where that failed: BullMQ does not try again by itself. */
  async #open(): Promise<Bull> {
    await this.#link.ready();
    this.#opening ??= this.#link
      .run(() => this.#connect())
      .catch((error: unknown) => {
        this.#opening = undefined;
        throw error;
      });
    return this.#opening;
  }

  async #connect(): Promise<Bull> {
    const { Queue, Worker } = this.#library;
    const options = { connection: this.#link.client, prefix: PREFIX, skipVersionCheck: true };
    const queue = new Queue(QUEUE, { ...options, defaultJobOptions: { removeOnComplete: true } });
    const worker = new Worker(QUEUE, null, {
      ...options,
      autorun: false,
      lockDuration: LEASE_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: ANY_NUMBER,
    });
    // The connection says what is wrong with it; without a listener, an error would end the process.
    for (const one of [queue, worker]) one.on("error", () => undefined);
    const bull = { queue, worker };
    const opened = Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    opened.catch(() => undefined);
    const timer = new AbortController();
    const late = sleep(OPEN_MS, undefined, { signal: timer.signal }).then(() => {
      throw new Error("BullMQ did not open in time");
    });
    try {
      await Promise.race([opened, late]);
    } catch (error) {
      await closed(bull);
      throw error;
    } finally {
      timer.abort();
      late.catch(() => undefined);
    }
    void worker.startStalledCheckTimer();
    return bull;
  }
}

async function closed({ queue, worker }: Bull): Promise<void> {
  await Promise.allSettled([worker.close(true), queue.close()]);
}
