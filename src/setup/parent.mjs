/**
 * Loaded before a program that npm started. npm passes signals to the shell that runs a script, and some shells end
 * without passing them on. So the program checks whether its parent still lives; where it does not, the program
 * ends as on SIGTERM.
 */
import { isMainThread } from "node:worker_threads";

const LOOK_EVERY_MS = 500;

const parent = process.ppid;
if (isMainThread) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, LOOK_EVERY_MS);
  timer.unref();
}
