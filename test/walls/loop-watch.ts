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

const MOST_MS = 50;
/** About what REFERENCE takes on the cores on which 50 ms were kept: an estimate, from how much faster those ran the engine. */
const REFERENCE_MS = 3;
const REFERENCE = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ a: i, b: `x${i}` })));
const MOST_SLOWNESS = 4;

/**
 * The most CPU time that a turn may take, in milliseconds: 50, and on a slower or shared core as many times more as a
 * reference takes longer there. To be called where nothing else is under way in this process.
 */
export function mostTurnMs(): number {
  const times = Array.from({ length: 7 }, () => {
    const before = cpuMs();
    JSON.parse(REFERENCE);
    return cpuMs() - before;
  });
  const slowness = times.sort((a, b) => a - b)[3]! / REFERENCE_MS;
  return MOST_MS * Math.min(Math.max(1, slowness), MOST_SLOWNESS);
}
