/**
 * Writes the notes of a job to its store, one after the other. What the store does not take now is written later, so that
 * nothing is missing of a job during which the volume was full or Redis was away.
 */
import type { JobNote } from "./job.js";

/** After so many epochs, one of them is noted every second: a million of them would be a load for every reader. */
const MOST_EPOCHS = 10_000;
const EPOCH_MS = 1000;
/** With so many notes waiting for the store, an epoch takes the place of the one before it. */
const MOST_WAITING = 1000;

export interface NoteWriterOptions {
  /** @returns false where the job is another worker's now: nothing more is written then. */
  readonly write: (note: JobNote) => Promise<boolean>;
  readonly onLost: () => void;
  /** Called once for each time that the store does not answer. */
  readonly onTrouble: (error: unknown) => void;
  /** How long to wait before a note is written once more. */
  readonly againMs: number;
  /** A clock that never jumps. */
  readonly nowMs?: () => number;
}

export class NoteWriter {
  readonly #options: NoteWriterOptions;
  readonly #nowMs: () => number;
  readonly #waiting: JobNote[] = [];
  #epochs = 0;
  #epochMs = Number.NEGATIVE_INFINITY;
  /** The newest epoch that was not noted. */
  #held: JobNote | undefined;
  #writing: Promise<void> | undefined;
  #isOver = false;

  constructor(options: NoteWriterOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Puts a note behind those that wait to be written. */
  add(note: JobNote): void {
    if (note.type === "progress" && this.#isTooMany()) {
      this.#held = note;
      return;
    }
    if (note.type !== "progress") this.#release();
    this.#held = undefined;
    this.#push(note);
  }

  /** Resolves when every note is written, or the writer has stopped. */
  async flushed(): Promise<void> {
    this.#release();
    await this.#writing;
  }

  /** What is not written yet is dropped. */
  stop(): void {
    this.#isOver = true;
  }

  #isTooMany(): boolean {
    this.#epochs++;
    const now = this.#nowMs();
    if (this.#epochs > MOST_EPOCHS && now - this.#epochMs < EPOCH_MS) return true;
    this.#epochMs = now;
    return false;
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#push(held);
  }

  #push(note: JobNote): void {
    if (this.#isOver) return;
    const isCrowded = this.#waiting.length >= MOST_WAITING && note.type === "progress";
    if (isCrowded && this.#waiting.at(-1)!.type === "progress") this.#waiting.pop();
    this.#waiting.push(note);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    const { write, onLost, onTrouble, againMs } = this.#options;
    let isInTrouble = false;
    while (this.#waiting.length > 0 && !this.#isOver) {
      try {
        if (await write(this.#waiting[0]!)) {
          this.#waiting.shift();
          isInTrouble = false;
          continue;
        }
        this.#isOver = true;
        onLost();
      } catch (error) {
        if (!isInTrouble) onTrouble(error);
        isInTrouble = true;
        await new Promise((resolve) => setTimeout(resolve, againMs));
      }
    }
  }
}
