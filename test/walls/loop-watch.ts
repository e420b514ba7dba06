/** How long single turns of the event loop take, in CPU time, which a loaded machine does not make longer. */
import { readFileSync } from "node:fs";

/** On Linux the CPU time of this process's first thread, elsewhere that of all of them; milliseconds. */
function cpuMs(): number {
  if (process.platform === "linux") {
    const file = `/proc/self/task/${process.pid}/schedstat`;
    return Number(readFileSync(file, "latin1").split(" ", 1)[0]) / 1e6;
  }
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export interface LoopWatch {
  /** Ends it. @returns the longest turn, and all of them together, in milliseconds of CPU. */
  end(): { readonly longestMs: number; readonly totalMs: number };
}

/** Watches every turn from now on. */
export function watchLoop(): LoopWatch {
  const startedAt = cpuMs();
  let longestMs = 0;
  let isOver = false;
  let before = startedAt;
  const turn = (): void => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - before);
    before = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    end: () => {
      isOver = true;
      // The turn in which it ends counts, too: nothing else may have been waited for.
      const now = cpuMs();
      return { longestMs: Math.max(longestMs, now - before), totalMs: now - startedAt };
    },
  };
}
