/**
 * Where jobs are kept. Behind this interface stand files on the volume of models (`files/`) and Redis (`redis/`); what a job
 * is, its limits, and how it is run know nothing of either.
 *
 * Whichever it is: of several workers that want a job one gets it, a worker that falls silent loses it, and from then on can
 * neither note anything, nor end the job, nor publish.
 */
import type { JobEnd, JobNote, JobOrder, JobRecord } from "./job.js";

/** What a header Idempotency-Key stands for. */
export interface KeyUse {
  readonly key: string;
  /** Of all that was asked for with it: the body, the options and the model. */
  readonly hash: string;
}

/** The data of a job on their way into the store. */
export interface JobUpload {
  /** @throws ResiduaError INSUFFICIENT_STORAGE. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Puts the job into the queue. When this resolves, the job outlives every process of ours.
   * @param sha256 of all that was written, in hex.
   * @returns the job's id; or that of the job before it that the key stands for.
   * @throws ResiduaError CONFLICT where the key stands for something else, TOO_MANY_JOBS.
   */
  accept(order: JobOrder, sha256: string, use: KeyUse | undefined): Promise<string>;
  /** Removes what was written, unless it was accepted. To be called in the end. */
  discard(): Promise<void>;
}

/** Whether the worker that has taken a job still has it, and whether the job is to be stopped. */
export type Beat = "kept" | "lost" | "cancelled";

/** A job that this process has taken: what it may do with it, until another process takes it away. */
export interface JobClaim {
  readonly order: JobOrder;
  /** Which attempt this is, from 1; those that were given back in order do not count. */
  readonly attempt: number;
  /** A folder in which a bundle is written before it is published; whoever takes the job away takes it away too. */
  readonly staging: string;
  /** The file with the data. @throws InputError where they are gone or damaged. */
  data(): Promise<string>;
  /** Says that the worker lives. To be called every few seconds. */
  beat(): Promise<Beat>;
  /** @returns false where another process has taken the job. */
  note(note: JobNote): Promise<boolean>;
  /** @returns false where another process has taken the job. */
  end(end: JobEnd): Promise<boolean>;
  /** Puts the job back into the queue. @param counts whether this was an attempt of the few that a job has. */
  giveBack(counts: boolean): Promise<void>;
}

/**
 * Every method throws ResiduaError JOBS_UNAVAILABLE where the store does not answer, and CONFLICT where it may only be read.
 */
export interface JobStore {
  /** Checks that one more job of so many bytes may come, or that the key stands for one already. */
  checkRoom(expectedBytes: number, key: string | undefined): Promise<void>;
  upload(id: string): Promise<JobUpload>;
  /** All that is stored of a job; undefined where there is none of this id. */
  read(id: string): Promise<JobRecord | undefined>;
  /** The jobs that wait or run, and as many of the last ones that have ended; newest first. */
  list(mostEnded: number): Promise<JobRecord[]>;
  /**
   * Asks whoever has the job to stop it, or stops it where nobody has it.
   * @param mayHavePublished asked of a job that waits after an attempt, once no other attempt can publish. Where it may, the
   *   job goes on waiting: the worker that takes it next says what has become of it.
   */
  cancel(id: string, mayHavePublished: () => Promise<boolean>): Promise<void>;
  /**
   * What every worker does from time to time, also while it takes no job: jobs that got stuck come back into the queue.
   * @param own ids of the jobs that run here.
   */
  tend(own: ReadonlySet<string>): Promise<void>;
  /** Takes the next job that waits, or whose worker has fallen silent. */
  take(): Promise<JobClaim | undefined>;
  close(): Promise<void>;
}
