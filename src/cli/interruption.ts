/** Ctrl-C while training: the first stops training after the current epoch, a later one ends the program at once. */
import { createInterface } from "node:readline/promises";
import { onRepeatedSignals } from "../repeated-signals.js";

/** Ctrl-C as an abort signal. */
export interface Interruption {
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * Watches for Ctrl-C until it is disposed of.
 *
 * @param onFirst called before the signal aborts.
 * @param onLater called before the program ends.
 */
export function watchInterruption(onFirst: () => void, onLater: () => void): Interruption {
  const controller = new AbortController();
  const dispose = onRepeatedSignals(["SIGINT"], {
    onFirst: () => {
      onFirst();
      controller.abort();
    },
    onLater: () => {
      onLater();
      process.exit(130);
    },
  });
  return { signal: controller.signal, dispose };
}

/** Asks a question on the terminal. Every answer but yes is a no, and so are Ctrl-C and the end of the input. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
