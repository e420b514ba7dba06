/** Starts the process of a job, and passes on its messages. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { JobFailure, JobNote } from "./job.js";
import type { JobMessage, JobTask } from "./job-task.js";

const PROGRAM = fileURLToPath(new URL("./job-process.js", import.meta.url));
/** How much of what the process writes is kept for the log. */
const KEPT_CHARACTERS = 4000;

/** How the process of a job ended. */
export type ChildEnd =
  | { readonly type: "done"; readonly version: string }
  | { readonly type: "failed"; readonly failure: JobFailure; readonly said: string }
  /** It died without a result: killed, out of memory, or a bug. */
  | { readonly type: "died"; readonly how: string; readonly said: string };

export interface JobChild {
  readonly pid: number | undefined;
  readonly ended: Promise<ChildEnd>;
  kill(): void;
}

/** @param onNote is called for each note, in order. */
export function startChild(task: JobTask, onNote: (note: JobNote) => void): JobChild {
  const child = fork(PROGRAM, { execArgv: [], stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let said = "";
  let last: Exclude<JobMessage, { type: "note" }> | undefined;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-KEPT_CHARACTERS);
  });
  child.on("message", (message: JobMessage) => {
    if (message.type === "note") onNote(message.note);
    else last = message;
  });
  // Where the process is gone before it gets the message, its end says so.
  child.send(task, () => undefined);
  const ended = new Promise<ChildEnd>((resolve) => {
    // More than one may come, such as when it cannot be killed, and one that nobody listens to ends the service.
    child.on("error", (error) => resolve({ type: "died", how: error.message, said }));
    child.once("close", (status, signal) => {
      if (last === undefined) resolve({ type: "died", how: signal ?? `status ${status}`, said });
      else resolve(last.type === "done" ? last : { ...last, said });
    });
  });
  return { pid: child.pid, ended, kill: () => void child.kill("SIGKILL") };
}
