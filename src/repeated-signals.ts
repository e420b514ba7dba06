/** Signals that ask a process to end: the first to end in order, a later one to end at once. */

/** Signals within this time of the first are the same one: the terminal and npm may both pass on one Ctrl-C. */
const SAME_SIGNAL_MS = 1000;

export interface SignalHandlers {
  /** Called once, with the first signal. */
  readonly onFirst: (signal: NodeJS.Signals) => void;
  /** Called with every signal that comes a second or more after the first. */
  readonly onLater: (signal: NodeJS.Signals) => void;
  /** A clock that never jumps, in milliseconds; that of the process by default. */
  readonly nowMs?: () => number;
}

/**
 * Watches for signals until the function that it returns is called; whichever of them comes, it counts as the same request
 * to end.
 */
export function onRepeatedSignals(
  signals: readonly NodeJS.Signals[],
  { onFirst, onLater, nowMs = () => performance.now() }: SignalHandlers,
): () => void {
  let firstAtMs: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (firstAtMs === undefined) {
      firstAtMs = nowMs();
      onFirst(signal);
    } else if (nowMs() - firstAtMs >= SAME_SIGNAL_MS) {
      onLater(signal);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
