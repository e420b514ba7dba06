/**
 * The process of one job. It works at the lowest priority, so that scoring beside it has the cores first, and ends with
 * the process that started it, which alone takes its messages.
 */
import { spawnSync } from "node:child_process";
import { constants, setPriority } from "node:os";
import { InputError, ResiduaError } from "../errors.js";
import { explain } from "../registry/folder-files.js";
import type { JobFailure } from "./job.js";
import { inQueryWords } from "./job-options.js";
import type { JobMessage, JobTask } from "./job-task.js";
import { work } from "./job-work.js";

// Before there are threads: on Linux each has a priority of its own, which is that of the thread that starts it.
setPriority(constants.priority.PRIORITY_LOW);
// With Linux's policy SCHED_IDLE, a thread also gives a core back at once when another wants it. Node cannot set it; where
// there is no chrt (util-linux), the low priority has to do.
if (process.platform === "linux") {
  spawnSync("chrt", ["--idle", "--all-tasks", "--pid", "0", String(process.pid)], { stdio: "ignore" });
}
process.once("disconnect", () => process.exit(1));
process.once("message", (task: JobTask) => void run(task));

async function run(task: JobTask): Promise<void> {
  const last = await work(task, (note) => send({ type: "note", note })).then(
    (version): JobMessage => ({ type: "done", version }),
    (error: unknown): JobMessage => ({ type: "failed", failure: failureOf(error) }),
  );
  process.send!(last, () => process.exit(0));
}

function send(message: JobMessage): void {
  process.send!(message);
}

function failureOf(error: unknown): JobFailure {
  if (error instanceof ResiduaError) {
    return { code: error.code, detail: error.message, errors: error.violations };
  }
  const { code } = (error instanceof InputError ? (error.cause ?? {}) : error) as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return { code: "INSUFFICIENT_STORAGE", detail: `The version could not be published: ${explain(error)}.` };
  }
  if (error instanceof InputError) {
    const detail = inQueryWords(error.message);
    const place = /^\/[a-z]+(?:\/\w+)*|\b(?:line|row) \d+(?:, column (?:"[^"]*"|\w+))?/.exec(detail)?.[0];
    return {
      code: "INVALID_DATA",
      detail,
      errors: place === undefined ? [] : [{ path: place, message: detail }],
    };
  }
  // For the log of the service, which has what this process writes.
  console.error(error);
  return { code: "INTERNAL", detail: "Training failed because of a fault of the service; its log says why." };
}
