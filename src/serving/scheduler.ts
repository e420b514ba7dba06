/** The clock and the event loop, as an object that whatever waits is given, so that its tests never sleep. */
export interface Scheduler {
  /** Milliseconds on a clock that never goes backwards. */
  now(): number;
  /** Runs `task` after everything that has already arrived has been handled. */
  soon(task: () => void): void;
  /** Runs `task` after `delayMs`; the function that it returns cancels that. */
  after(delayMs: number, task: () => void): () => void;
}

/**
 * The scheduler of a service. A task given to `soon` runs in the check phase of the event loop, after every
 * socket that was readable: requests that arrived together have all been read by then.
 */
export const eventLoop: Scheduler = {
  now: () => performance.now(),
  soon: (task) => {
    setImmediate(task);
  },
  after: (delayMs, task) => {
    // Rounded up, since a timer may fire up to 1 ms early by the clock of now(). Timers take at most 2^31 - 1
    // ms.
    const timer = setTimeout(task, Math.min(Math.ceil(delayMs), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
