/** Shows a training on the terminal, and stops it after an epoch at Ctrl-C: for `train` and `renew` alike. */
import type { TrainEvents } from "../training/train-settings.js";
import { watchInterruption } from "./interruption.js";
import { printNote } from "./note.js";
import { createTrainingProgress, type TrainingProgress } from "./training-progress.js";

export class TrainingWatch {
  #progress: TrainingProgress | undefined;
  readonly #interruption = watchInterruption(
    () => process.stderr.write("\nStopping after this epoch; Ctrl-C again ends at once.\n"),
    () => this.#progress?.end(),
  );

  /** Aborts at the first Ctrl-C. */
  get signal(): AbortSignal {
    return this.#interruption.signal;
  }

  readonly events: TrainEvents = {
    onNote: printNote,
    onChoice: (line) => process.stdout.write(`${line}\n`),
    onFit: (fit) => {
      this.#progress?.end();
      this.#progress = createTrainingProgress(process.stdout, fit);
    },
    onStep: (step) => this.#progress?.onStep(step),
    onEpoch: (epoch) => this.#progress?.onEpoch(epoch),
    // What is left is quick: from here on Ctrl-C ends the program as it ends any other.
    onFitted: () => this.end(),
  };

  /** Ends the progress, and leaves Ctrl-C to the system. May be called more than once. */
  end(): void {
    this.#progress?.end();
    this.#interruption.dispose();
  }
}
