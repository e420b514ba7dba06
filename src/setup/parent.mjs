/**
 * Loaded before a program that npm started. npm passes signals on to the shell that it runs a script in, and some shells
 * die of them without a word to the program. So the program looks whether its parent still lives, and where it does not,
 * ends as it would on SIGTERM.
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
