/** Ctrl-C while training: the first stops after the epoch under way, a later one ends the program at once. */
import { createInterface } from "node:readline/promises";

/** npm passes a terminal's signal on to a program that has had it already: within this time two count as one. */
const SAME_SIGNAL_MS = 1000;

export interface Interruption {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** @param onSecond called before the program ends at once. */
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

/** Asks on the terminal; anything but a yes is a no, and so is Ctrl-C or the end of the input. */
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
