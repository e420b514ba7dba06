/** Notices that the device process has fallen silent: that it was stopped, or hangs in the kernel. */
import type { Readable } from "node:stream";

/** The pipe on which the process beats (device-heart.ts). */
export const HEART_FD = 4;

/** How often the pipe is looked at while the process is silent, until that is too often. */
const LOOKS = 5;

export class Heartbeats {
  readonly #timer: NodeJS.Timeout;
  #missed = 0;
  #hasBeaten = false;
  #isStopped = false;

  /**
   * @param silentMs how long the process may be silent once it has beaten; five beats by default. It is counted in
   *   looks, not by the clock: after a pause of this process itself, the beats of that time are read before the next look.
   * @param onSilent is called once.
   */
  constructor(beats: Readable, silentMs: number, onSilent: () => void) {
    beats.on("data", () => {
      this.#hasBeaten = true;
      this.#missed = 0;
    });
    beats.on("error", () => {});
    this.#timer = setInterval(() => {
      if (!this.#hasBeaten || this.#isStopped) return;
      this.#missed += 1;
      if (this.#missed <= LOOKS) return;
      this.stop();
      onSilent();
    }, silentMs / LOOKS);
    this.#timer.unref();
  }

  /** Whether the process has been silent for longer than a beat or two. */
  get isSilent(): boolean {
    return this.#missed > LOOKS / 2;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }
}
