/** How training is shown: a progress bar on a terminal, a line for each epoch in a pipe. */
import cliProgress from "cli-progress";
import { significantDigits } from "../scoring/digits.js";
import type { EpochRecord } from "../training/fit.js";
import type { FitStage } from "../training/train-settings.js";

/** Takes the events of a training. `end` may be called more than once. */
export interface TrainingProgress {
  onStep(step: { epoch: number; windows: number; of: number }): void;
  onEpoch(epoch: EpochRecord): void;
  end(): void;
}

/** The progress of one fit: a bar where `out` is a terminal, else a line for each epoch. */
export function createTrainingProgress(
  out: NodeJS.WriteStream,
  { stage, epochs }: { readonly stage: FitStage; readonly epochs: number },
): TrainingProgress {
  const name = stage.of === 0 ? "" : stage.number === 0 ? "all rows, " : `fold ${stage.number}/${stage.of}, `;
  return out.isTTY ? new ProgressBar(out, name, epochs) : new EpochLines(out, name, epochs);
}

class ProgressBar implements TrainingProgress {
  readonly #epochs: number;
  readonly #bar: cliProgress.SingleBar;
  #started = false;
  #last = "";

  constructor(out: NodeJS.WriteStream, name: string, epochs: number) {
    this.#epochs = epochs;
    this.#bar = new cliProgress.SingleBar(
      {
        stream: out,
        format: `${name}epoch {epoch}/{epochs} |{bar}| {percentage} %{last}`,
        hideCursor: true,
        // The first Ctrl-C only stops the training: the bar must not end the process.
        gracefulExit: false,
        clearOnComplete: true,
      },
      cliProgress.Presets.shades_classic,
    );
  }

  onStep({ epoch, windows, of }: { epoch: number; windows: number; of: number }): void {
    const payload = { epoch, epochs: this.#epochs, last: this.#last };
    if (this.#started) this.#bar.setTotal(of);
    else this.#bar.start(of, windows, payload);
    this.#started = true;
    this.#bar.update(windows, payload);
  }

  onEpoch(epoch: EpochRecord): void {
    this.#last = ` | ${describeEpoch(epoch)}`;
  }

  end(): void {
    if (this.#started) this.#bar.stop();
  }
}

class EpochLines implements TrainingProgress {
  readonly #out: NodeJS.WriteStream;
  readonly #name: string;
  readonly #epochs: number;

  constructor(out: NodeJS.WriteStream, name: string, epochs: number) {
    this.#out = out;
    this.#name = name;
    this.#epochs = epochs;
  }

  onStep(): void {}

  onEpoch(epoch: EpochRecord): void {
    this.#out.write(`${this.#name}epoch ${epoch.epoch}/${this.#epochs} ${describeEpoch(epoch)}\n`);
  }

  end(): void {}
}

function describeEpoch({ loss, validationLoss, learningRate, best }: EpochRecord): string {
  const validation = validationLoss === undefined ? "" : ` validation ${significantDigits(validationLoss)}`;
  const star = validationLoss !== undefined && best ? " (best)" : "";
  return `loss ${significantDigits(loss)}${validation}${star} learning rate ${significantDigits(learningRate, 2)}`;
}
