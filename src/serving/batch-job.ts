/** A job: windows of one request that were submitted together, until their outputs are there. */
import type { Executable, Outputs } from "../engine/engine.js";
import { ClientGoneError, ResiduaError } from "../errors.js";

/** What windows are run on. Requests share a batch if they name the same executable. */
export interface BatchTarget {
  readonly name: string;
  readonly version: string;
  readonly executable: Pick<Executable, "run" | "network" | "efficientWindows">;
}

export interface BatchWork {
  readonly target: BatchTarget;
  /** [count, T, F + C], scaled, every number finite. Must not be written to until the result settles. */
  readonly windows: Float32Array;
  readonly count: number;
  /** On the scheduler's clock in milliseconds; windows that no run has taken by then are not run. */
  readonly deadlineAtMs?: number | undefined;
  /**
   * Who waits for the answer, such as a socket: once it is destroyed, windows that no run has taken are not
   * run. Work with the same client, or the same `connection` of it, takes its turn together.
   */
  readonly client?: BatchClient | undefined;
}

export interface BatchClient {
  readonly destroyed: boolean;
  /** Where a client stands for one of several requests of a connection: that connection. */
  readonly connection?: object | undefined;
  /** As Node's sockets have it. */
  readonly remoteAddress?: string | undefined;
}

/** Whose turn it is when work runs; undefined for work without a client. */
export function connectionOf({ client }: BatchWork): object | undefined {
  return client?.connection ?? client;
}

export interface BatchResult {
  /** The outputs for all windows of the work, in their order. */
  readonly outputs: Outputs;
  /** When the first run of its windows began and when the last ended, on the scheduler's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** How much waits, over all lanes. */
export class Backlog {
  windows = 0;
  /** Windows x timesteps. */
  work = 0;
  readonly #whole: Backlog | undefined;

  /** @param whole where this is a part of it. */
  constructor(whole?: Backlog) {
    this.#whole = whole;
  }

  /** Counts windows that came, or, below 0, that went; here and in the whole. */
  add(windows: number, timesteps: number): void {
    this.windows += windows;
    this.work += windows * timesteps;
    this.#whole?.add(windows, timesteps);
  }
}

/** Work that waits, runs, or is settled. A large job is split over several runs. */
export class BatchJob {
  readonly work: BatchWork;
  readonly submittedAtMs: number;
  readonly result: Promise<BatchResult>;
  cancelTimer: (() => void) | undefined;
  readonly #backlog: Backlog;
  #taken = 0;
  #answered = 0;
  #isSettled = false;
  #startedAtMs: number | undefined;
  #outputs: Outputs | undefined;
  #resolve!: (result: BatchResult) => void;
  #reject!: (error: unknown) => void;

  constructor(work: BatchWork, submittedAtMs: number, backlog: Backlog) {
    this.work = work;
    this.submittedAtMs = submittedAtMs;
    this.#backlog = backlog;
    backlog.add(work.count, this.#timesteps);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Windows that no run has taken yet; 0 for a job that failed. */
  get waiting(): number {
    return this.#isSettled ? 0 : this.work.count - this.#taken;
  }

  /** How many windows runs have taken: the index of the next one. */
  get taken(): number {
    return this.#taken;
  }

  get #timesteps(): number {
    return this.work.target.executable.network.timesteps;
  }

  /** Notes that a run has taken the next `count` windows. */
  take(count: number): void {
    this.#backlog.add(-count, this.#timesteps);
    this.#taken += count;
    // All windows are with the engine: a deadline can no longer prevent that they run.
    if (this.#taken === this.work.count) this.#cancelTimer();
  }

  /** Fails the job if its client hung up or its deadline passed. @returns whether it is settled. */
  isDead(nowMs: number): boolean {
    const { client, deadlineAtMs = Number.POSITIVE_INFINITY } = this.work;
    if (!this.#isSettled && client?.destroyed === true) {
      this.fail(new ClientGoneError("The client hung up before its windows were run."));
    } else if (!this.#isSettled && deadlineAtMs <= nowMs) {
      this.expire();
    }
    return this.#isSettled;
  }

  /** Fails the job because its deadline passed. */
  expire(): void {
    this.fail(
      new ResiduaError("DEADLINE_EXCEEDED", "The deadline passed while the windows waited for the engine."),
    );
  }

  /** Notes when the first run with windows of this job began. */
  start(nowMs: number): void {
    this.#startedAtMs ??= nowMs;
  }

  /**
   * Takes its outputs from those of a run of `runWindows` windows: windows `from` up to `from + count` of the
   * run are windows `at` up to `at + count` of this job.
   */
  accept(
    outputs: Outputs,
    { from, runWindows, at, count }: { from: number; runWindows: number; at: number; count: number },
    nowMs: number,
  ): void {
    if (this.#isSettled) return;
    const total = this.work.count;
    const own = (data: Float32Array): Float32Array => {
      const size = data.length / runWindows;
      return data.subarray(from * size, (from + count) * size);
    };
    if (count === total) {
      this.#outputs = count === runWindows ? outputs : mapOutputs(outputs, own);
    } else {
      this.#outputs ??= mapOutputs(outputs, (data) => new Float32Array((data.length / runWindows) * total));
      const copy = (whole: Float32Array, data: Float32Array): void =>
        whole.set(own(data), (whole.length / total) * at);
      for (const [head, data] of outputs.heads.entries()) copy(this.#outputs.heads[head]!, data);
      copy(this.#outputs.embedding, outputs.embedding);
    }
    this.#answered += count;
    if (this.#answered < total) return;
    this.#isSettled = true;
    this.#resolve({
      outputs: this.#outputs,
      startedAtMs: this.#startedAtMs ?? nowMs,
      endedAtMs: nowMs,
    });
  }

  /** Rejects the result, unless it is settled. */
  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#backlog.add(-this.waiting, this.#timesteps);
    this.#isSettled = true;
    this.#cancelTimer();
    this.#reject(error);
  }

  #cancelTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}

function mapOutputs(outputs: Outputs, map: (data: Float32Array) => Float32Array): Outputs {
  return { heads: outputs.heads.map(map), embedding: map(outputs.embedding) };
}
