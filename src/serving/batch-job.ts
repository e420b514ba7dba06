/** One request's windows on their way through the batcher. */
import type { Executable, Outputs } from "../engine/engine.js";
import { ClientGoneError, ResiduaError } from "../errors.js";

/** What a batch runs on: two requests share one if they name the same executable. */
export interface BatchTarget {
  readonly name: string;
  readonly version: string;
  readonly executable: Pick<Executable, "run" | "network" | "efficientWindows">;
}

export interface BatchWork {
  readonly target: BatchTarget;
  /** [count, T, F], scaled, every number finite. Not to be written to until the result settles. */
  readonly windows: Float32Array;
  readonly count: number;
  /** On the scheduler's clock; after it, work is not begun. */
  readonly deadlineAtMs?: number | undefined;
  /**
   * Who waits for the answer, such as a socket: once it is destroyed, work is not begun. Several works with the same
   * client are one request.
   */
  readonly client?: { readonly destroyed: boolean } | undefined;
}

export interface BatchResult {
  /** Of all windows of the request, in their order. */
  readonly outputs: Outputs;
  /** When the first run of any of them began, and when the last ended, on the scheduler's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Everything that waits, over all lanes. */
export class Backlog {
  windows = 0;
  /** Windows x timesteps. */
  work = 0;

  add(windows: number, timesteps: number): void {
    this.windows += windows;
    this.work += windows * timesteps;
  }
}

/** Waiting, running, or settled. A large one is split over several runs. */
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

  /** Windows no run has taken yet; 0 for a job that failed. */
  get waiting(): number {
    return this.#isSettled ? 0 : this.work.count - this.#taken;
  }

  /** Windows taken so far, which is where the next run goes on. */
  get taken(): number {
    return this.#taken;
  }

  get #timesteps(): number {
    return this.work.target.executable.network.timesteps;
  }

  take(count: number): void {
    this.#backlog.add(-count, this.#timesteps);
    this.#taken += count;
    // All of it is with the engine: a deadline can no longer keep it from being run.
    if (this.#taken === this.work.count) this.#cancelTimer();
  }

  /** Fails the job if nobody waits for it any more, and says whether it is settled. */
  isDead(nowMs: number): boolean {
    const { client, deadlineAtMs = Number.POSITIVE_INFINITY } = this.work;
    if (!this.#isSettled && client?.destroyed === true) {
      this.fail(new ClientGoneError("The client hung up before its windows were run."));
    } else if (!this.#isSettled && deadlineAtMs <= nowMs) {
      this.expire();
    }
    return this.#isSettled;
  }

  expire(): void {
    this.fail(
      new ResiduaError("DEADLINE_EXCEEDED", "The deadline passed while the windows waited for the engine."),
    );
  }

  start(nowMs: number): void {
    this.#startedAtMs ??= nowMs;
  }

  /**
   * Takes its part of a run's outputs.
   * @param from the first of its windows in the run, of `runWindows`.
   * @param at the first of its own windows that they are.
   */
  accept(
    outputs: Outputs,
    { from, runWindows, at, count }: { from: number; runWindows: number; at: number; count: number },
    nowMs: number,
  ): void {
    if (this.#isSettled) return;
    const total = this.work.count;
    const part = (data: Float32Array): Float32Array => {
      const size = data.length / runWindows;
      return data.subarray(from * size, (from + count) * size);
    };
    if (count === total) {
      this.#outputs = count === runWindows ? outputs : mapOutputs(outputs, part);
    } else {
      this.#outputs ??= mapOutputs(outputs, (data) => new Float32Array((data.length / runWindows) * total));
      const copy = (whole: Float32Array, data: Float32Array): void =>
        whole.set(part(data), (whole.length / total) * at);
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
