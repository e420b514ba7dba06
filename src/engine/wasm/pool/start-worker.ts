/** Starts one thread of a pool. */
import { Worker } from "node:worker_threads";
import type { WorkerData } from "./worker.js";

export interface WorkerEvents {
  /** A job is done, which may be another thread's too. */
  readonly finished: () => void;
  /** The thread has ended after it was ready. `cause` is the error that it died of, where there is one. */
  readonly ended: (worker: Worker, cause: unknown) => void;
}

/** @returns the thread, and a promise that resolves when it is ready, and rejects where it ends before that. */
export function startWorker(
  workerData: WorkerData,
  events: WorkerEvents,
): { worker: Worker; ready: Promise<void> } {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    name: `residua-wasm-${workerData.index}`,
    // Without this, threads would inherit the options the process was started with, such as a script to evaluate.
    execArgv: [],
    workerData,
  });
  const ready = new Promise<void>((resolve, reject) => {
    let isReady = false;
    let cause: unknown;
    worker.on("message", (message: "ready" | "finished") => {
      if (message === "finished") events.finished();
      else {
        isReady = true;
        resolve();
      }
    });
    worker.once("error", (error) => {
      cause = error;
    });
    worker.once("exit", () => {
      if (isReady) events.ended(worker, cause);
      else reject(new Error("A thread of the wasm engine ended before it was ready.", { cause }));
    });
  });
  return { worker, ready };
}
