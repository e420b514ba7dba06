/** Ctrl-C while training: the first stops training after the current epoch, a later one ends the program at once. */
import { createInterface } from "node:readline/promises";

/** npm passes on a signal that the terminal has also sent to the program: two within this time are one. */
const SAME_SIGNAL_MS = 1000;

/** Ctrl-C as an abort signal. */
export interface Interruption {
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * Watches for Ctrl-C until it is disposed of.
 *
 * @param onFirst called before the signal aborts.
 * @param onSecond called before the program ends.
 */
export function watchInterruption(onFirst: () => void, onSecond: () => void): Interruption {
  const controller = new AbortController();
  let first: number | undefined;
  const listener = (): void => {
    const now = Date.now();
    if (first === undefined) {
      first = now;
      onFirst();
      controller.abort();
    } else if (now - first > SAME_SIGNAL_MS) {
      onSecond();
      process.exit(130);
    }
  };
  process.on("SIGINT", listener);
  return { signal: controller.signal, dispose: () => process.off("SIGINT", listener) };
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
