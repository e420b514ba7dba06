/** When the next device process starts, and how long runs wait for it. */
import { ResiduaError } from "../../errors.js";

export class Restarts {
  private readonly backoffMs: readonly number[];
  private readonly patienceMs: number;
  private exitsInRow = 0;
  private exits = 0;
  private startAtMs = 0;
  private startTimer: NodeJS.Timeout | undefined;
  private patienceTimer: NodeJS.Timeout | undefined;
  private isOutOfPatience = false;

  /**
   * @param backoffMs milliseconds between the exit of a process and the start of the next one, by how many processes
   *   in a row ended before one ran anything; the last entry holds for all further ones.
   * @param patienceMs milliseconds after an exit for which runs wait for an answer before they are rejected.
   */
  constructor(backoffMs: readonly number[], patienceMs: number) {
    this.backoffMs = backoffMs;
    this.patienceMs = patienceMs;
  }

  /** Whether a new run is rejected at once, because no process has answered for `patienceMs`. */
  get refusesRuns(): boolean {
    return this.isOutOfPatience;
  }

  /** How many processes have ended unasked. */
  get count(): number {
    return this.exits;
  }

  /**
   * Schedules the next process after one has ended.
   * @param start starts it.
   * @param giveUp is called when no process has answered within `patienceMs`.
   * @returns milliseconds until the start.
   */
  schedule(start: () => void, giveUp: () => void): number {
    const delayMs = this.backoffMs[Math.min(this.exitsInRow, this.backoffMs.length - 1)] ?? 0;
    this.exitsInRow += 1;
    this.exits += 1;
    this.startAtMs = Date.now() + delayMs;
    this.startTimer = setTimeout(start, delayMs);
    this.patienceTimer ??= setTimeout(() => {
      this.patienceTimer = undefined;
      this.isOutOfPatience = true;
      giveUp();
    }, this.patienceMs);
    return delayMs;
  }

  /** The process has answered: runs wait in the queue again, however long. */
  answered(): void {
    clearTimeout(this.patienceTimer);
    this.patienceTimer = undefined;
    this.isOutOfPatience = false;
  }

  /** The process has run a network: the next exit is the first one in a row. */
  ran(): void {
    this.exitsInRow = 0;
  }

  stop(): void {
    clearTimeout(this.startTimer);
    clearTimeout(this.patienceTimer);
  }

  /** The error of a run that is rejected: ENGINE_RESTARTING with the seconds after which to try again. */
  error(): ResiduaError {
    const retryAfterSeconds = Math.ceil(Math.max(0, this.startAtMs - Date.now()) / 1_000) + 1;
    return new ResiduaError(
      "ENGINE_RESTARTING",
      `The process that owns the device is restarting; try again in ${retryAfterSeconds} s.`,
      { retryAfterSeconds },
    );
  }
}
