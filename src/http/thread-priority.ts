/** The priority of a thread beside the event loop. */
import { readlinkSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";

/**
 * Lets the threads of this process that answer requests have a core before this thread. Linux alone gives each thread a
 * priority of its own; elsewhere nothing is done, and so where the system does not allow it.
 *
 * @param niceness how much lower, in steps of `nice`: at 5, a thread gets a third of what another one gets beside it.
 */
export function lowerThreadPriority(niceness: number): void {
  if (process.platform !== "linux") return;
  try {
    // It reads "process/task/thread".
    const thread = Number(readlinkSync("/proc/thread-self").split("/")[2]);
    setPriority(thread, Math.min(getPriority(thread) + niceness, constants.priority.PRIORITY_LOW));
  } catch {
    // Bodies are read all the same.
  }
}
