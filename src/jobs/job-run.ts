/** Runs one job that this process has taken, to its end or until it is taken away. */
import { setTimeout as sleep } from "node:timers/promises";
import { InputError, ResiduaError } from "../errors.js";
import type { ModelStore } from "../registry/model-store.js";
import type { StoreLocation } from "../registry/open-store.js";
import { cancelledEnd, failedEnd, type JobEnd, type JobFailure, type JobNote } from "./job.js";
import { type ChildEnd, type JobChild, startChild } from "./job-child.js";
import type { JobClaim } from "./job-store.js";
import { NoteWriter } from "./note-writer.js";
import { findPublished, promoteFound } from "./published-version.js";

export interface JobRunOptions {
  /** Where models are: for the processes of jobs. */
  readonly location: StoreLocation;
  /** The same, opened. */
  readonly models: ModelStore;
  readonly maxRows: number;
  readonly maxSeconds: number;
  readonly threads: number;
  readonly wideVectors: "auto" | "off";
  readonly log: JobLog;
  /** How long to wait before what failed is tried once more; 2 s by default. */
  readonly againMs?: number | undefined;
  /** Called when a version is there, before anybody is told that the job is done. */
  readonly onPublished: () => Promise<void>;
}

/** What is used of a pino logger. */
export interface JobLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How often a worker says that it lives. */
const BEAT_MS = 2000;
/** How often a job is begun before it fails: whatever kills its process may kill it every time. */
export const MAX_ATTEMPTS = 3;
const AGAIN_MS = 2000;

type Stop = "cancelled" | "late" | "lost" | "ending";

export class JobRun {
  readonly id: string;
  readonly ended: Promise<void>;
  readonly #claim: JobClaim;
  readonly #options: JobRunOptions;
  readonly #notes: NoteWriter;
  readonly #againMs: number;
  #child: JobChild | undefined;
  /** Whether the last attempt to renew the lease failed. */
  #isUnheard = false;
  /** Why the process was stopped; undefined while it works. */
  #stopped: Stop | undefined;
  /** Whether nothing is waited for any more: the service ends, or the job is another worker's. */
  #isGivenUp = false;

  constructor(claim: JobClaim, options: JobRunOptions) {
    this.id = claim.order.id;
    this.#claim = claim;
    this.#options = options;
    this.#againMs = options.againMs ?? AGAIN_MS;
    this.#notes = new NoteWriter({
      write: (note) => claim.note(note),
      onLost: () => this.stop("lost"),
      onTrouble: (error) =>
        options.log.warn(
          { job: this.id, err: error },
          "what a job tells could not be written; it is tried again",
        ),
      againMs: this.#againMs,
    });
    // Also while nothing is left to do but to write the end: the job must not be taken away then.
    const beat = setInterval(() => void this.#beat(), BEAT_MS);
    this.ended = this.#run()
      .catch(async (error: unknown) => {
        options.log.error({ job: this.id, err: error }, "the job could not be run; it is taken up again");
        // Where that fails too, it is taken up when the lease is over.
        await claim.giveBack(this.#stopped !== "ending").catch(() => undefined);
      })
      .finally(() => clearInterval(beat));
  }

  /** Stops the process, as a cancelled job or since the service ends: then the job goes back into the queue. */
  stop(why: Stop): void {
    this.#stopped ??= why;
    this.#child?.kill();
    if (why !== "ending" && why !== "lost") return;
    // Whoever waits for the end of this process does not wait for a store that is away.
    this.#isGivenUp = true;
    this.#notes.stop();
  }

  async #run(): Promise<void> {
    const claim = this.#claim;
    const { log } = this.#options;
    const fields = { job: this.id, model: claim.order.model, attempt: claim.attempt };
    const beat = await claim.beat().catch(() => "kept");
    if (beat === "lost") return log.warn(fields, "another worker has taken the job");
    const published = await this.#findPublished();
    if (published !== undefined) return this.#finishFound(published);
    if (beat === "cancelled") return this.#end(cancelledEnd());
    if (claim.attempt > MAX_ATTEMPTS) {
      return this.#end(
        failedEnd({
          code: "INTERNAL",
          detail: `The process that trains ended ${MAX_ATTEMPTS} times without a result; it may need more memory than there is.`,
        }),
      );
    }
    log.info(fields, "the job begins");
    this.#notes.add({ type: "started", at: new Date().toISOString() });
    const end = await this.#work();
    await this.#notes.flushed();
    if (end.type !== "done" && end.said !== "")
      log.warn({ ...fields, said: end.said }, "the job's process said");
    if (this.#stopped === "lost") return log.warn(fields, "another worker has taken the job");
    if (end.type === "done") return this.#finishDone(end.version);
    if (end.type === "failed") return this.#end(failedEnd(end.failure));
    return this.#endDead(end.how);
  }

  /** The process was stopped or died, perhaps just after it had published. */
  async #endDead(how: string): Promise<void> {
    const claim = this.#claim;
    const { log, maxSeconds } = this.#options;
    if (this.#stopped === "ending") return claim.giveBack(false);
    const published = await this.#findPublished();
    if (published !== undefined) return this.#finishFound(published);
    if (this.#stopped === "cancelled") return this.#end(cancelledEnd());
    if (this.#stopped === "late") {
      const detail = `Training took longer than ${maxSeconds} s (RESIDUA_JOB_MAX_SECONDS).`;
      return this.#end(failedEnd({ code: "DEADLINE_EXCEEDED", detail }));
    }
    log.warn({ job: this.id, how }, "the job's process died; the job is taken up again");
    return claim.giveBack(true);
  }

  /** Runs the process, for as long as a job may take. */
  async #work(): Promise<ChildEnd> {
    const claim = this.#claim;
    const { location, maxRows, threads, wideVectors, maxSeconds } = this.#options;
    const dataFile = await this.#data();
    if (typeof dataFile !== "string") return { type: "failed", failure: dataFile, said: "" };
    if (this.#stopped !== undefined) return { type: "died", how: "it was never started", said: "" };
    const task = {
      order: claim.order,
      location,
      dataFile,
      staging: claim.staging,
      maxRows,
      threads,
      wideVectors,
    };
    const child = startChild(task, (note: JobNote) => this.#notes.add(note));
    this.#child = child;
    this.#options.log.info({ job: this.id, child: child.pid }, "the job's process runs");
    const limit = setTimeout(() => this.stop("late"), maxSeconds * 1000);
    try {
      return await child.ended;
    } finally {
      clearTimeout(limit);
    }
  }

  /** The file with the data, or why there is none; a store that is away is waited for. */
  async #data(): Promise<string | JobFailure> {
    for (;;) {
      try {
        return await this.#claim.data();
      } catch (error) {
        if (error instanceof InputError) return { code: "INTERNAL", detail: error.message };
        const isAway = error instanceof ResiduaError && error.code === "JOBS_UNAVAILABLE";
        if (!isAway || this.#stopped !== undefined) throw error;
        await this.#pause();
      }
    }
  }

  #findPublished(): Promise<string | undefined> {
    const { log, models } = this.#options;
    return findPublished(models, this.#claim.order, {
      isGivenUp: () => this.#isGivenUp,
      onTrouble: (error) =>
        log.warn(
          { job: this.id, err: error },
          "it is not known whether the job has published; it is looked up again",
        ),
      againMs: this.#againMs,
    });
  }

  async #beat(): Promise<void> {
    try {
      const beat = await this.#claim.beat();
      this.#isUnheard = false;
      if (beat !== "kept") this.stop(beat);
    } catch (error) {
      if (!this.#isUnheard)
        this.#options.log.warn({ job: this.id, err: error }, "the lease of a job could not be renewed");
      this.#isUnheard = true;
    }
  }

  /** Ends a job whose version is there, but whose process has not said so: it may have ended before it set the alias. */
  async #finishFound(version: string): Promise<void> {
    const failure = await promoteFound(this.#options.models, this.#claim.order, version);
    return failure === undefined ? this.#finishDone(version) : this.#end(failedEnd(failure));
  }

  async #finishDone(version: string): Promise<void> {
    await this.#options.onPublished().catch((error: unknown) => {
      this.#options.log.warn({ job: this.id, err: error }, "the version is published, but not live here yet");
    });
    await this.#end({ state: "done", endedAt: new Date().toISOString(), version, failure: null });
  }

  /** Writes the end, again and again where the store does not take it: the volume may be full. */
  async #end(end: JobEnd): Promise<void> {
    const { log } = this.#options;
    const fields = { job: this.id, model: this.#claim.order.model, state: end.state, version: end.version };
    for (;;) {
      try {
        if (!(await this.#claim.end(end))) return log.warn(fields, "another worker has taken the job");
        return log.info({ ...fields, detail: end.failure?.detail }, "the job has ended");
      } catch (error) {
        log.warn({ ...fields, err: error }, "the end of a job could not be written; it is tried again");
        if (this.#isGivenUp) return;
        await this.#pause();
        if ((await this.#claim.beat().catch(() => "kept")) === "lost") return;
      }
    }
  }

  async #pause(): Promise<void> {
    await sleep(this.#againMs);
  }
}
