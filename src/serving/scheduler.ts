/** The clock and the turns of the event loop, handed to whatever waits, so that its tests never sleep. */
export interface Scheduler {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Runs `task` after everything that has already arrived has been handed out. */
  soon(task: () => void): void;
  /** Runs `task` in `delayMs`, unless the function it returns is called first. */
  after(delayMs: number, task: () => void): () => void;
}

/**
 * The real one. A task given to `soon` runs in the check phase of the event loop: behind every socket that was
 * readable, so that requests which arrived together are found together.
 */
export const eventLoop: Scheduler = {
  now: () => performance.now(),
  soon: (task) => {
    setImmediate(task);
  },
  after: (delayMs, task) => {
    // A timer may fire up to 1 ms early by the clock of now().
    const timer = setTimeout(task, Math.min(Math.ceil(delayMs), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
