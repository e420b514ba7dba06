/** When the next device process starts, and how long runs wait for it. */
import { ResiduaError } from "../../errors.js";

export class Restarts {
  private readonly backoffMs: readonly number[];
  private readonly patienceMs: number;
  private deathsInRow = 0;
  private startAtMs = 0;
  private startTimer: NodeJS.Timeout | undefined;
  private patienceTimer: NodeJS.Timeout | undefined;
  private isOutOfPatience = false;

  /**
   * @param backoffMs wait before the 1st, 2nd, ... start after deaths in a row; the last one from there on.
   * @param patienceMs how long after a death runs may wait for an answer.
   */
  constructor(backoffMs: readonly number[], patienceMs: number) {
    this.backoffMs = backoffMs;
    this.patienceMs = patienceMs;
  }

  /** Whether a run is to be told at once that it would wait too long. */
  get refusesRuns(): boolean {
    return this.isOutOfPatience;
  }

  /**
   * After a death: starts the next process in time, and gives up on what waits unless one answers before.
   * @returns in how many milliseconds it starts.
   */
  schedule(start: () => void, giveUp: () => void): number {
    const delayMs = this.backoffMs[Math.min(this.deathsInRow, this.backoffMs.length - 1)] ?? 0;
    this.deathsInRow += 1;
    this.startAtMs = Date.now() + delayMs;
    this.startTimer = setTimeout(start, delayMs);
    this.patienceTimer ??= setTimeout(() => {
      this.patienceTimer = undefined;
      this.isOutOfPatience = true;
      giveUp();
    }, this.patienceMs);
    return delayMs;
  }

  /** It answers again: from here on a run waits for its turn and not for a process. */
  answered(): void {
    clearTimeout(this.patienceTimer);
    this.patienceTimer = undefined;
    this.isOutOfPatience = false;
  }

  /** It has run something: the next death is the first one again. */
  ran(): void {
    this.deathsInRow = 0;
  }

  stop(): void {
    clearTimeout(this.startTimer);
    clearTimeout(this.patienceTimer);
  }

  error(): ResiduaError {
    const retryAfterSeconds = Math.ceil(Math.max(0, this.startAtMs - Date.now()) / 1_000) + 1;
    return new ResiduaError(
      "ENGINE_RESTARTING",
      `The process that owns the device is restarting; try again in ${retryAfterSeconds} s.`,
      { retryAfterSeconds },
    );
  }
}
