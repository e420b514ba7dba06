/** `residua worker`: takes jobs and runs them, without serving anything. */
import type { Command } from "commander";
import pino, { type Logger } from "pino";
import { type Config, loadConfig, storeLocation } from "../config.js";
import { InputError } from "../errors.js";
import { createJobWorker, openJobStore, placeOfJobs } from "../jobs/start-jobs.js";
import { endProcess } from "../last-exit.js";
import { LogOutput } from "../log-output.js";
import { openStore } from "../registry/open-store.js";
import { onRepeatedSignals } from "../repeated-signals.js";
import { addModelsOption } from "./options.js";

/** How long jobs have to go back into the queue. */
const END_MS = 20_000;
/** How long the end waits for whoever reads the log. */
const LAST_LINES_MS = 500;

interface WorkerFlags {
  readonly models?: string;
}

/** Adds `worker` to the program. */
export function addWorkerCommand(program: Command): void {
  const command = program
    .command("worker")
    .description(
      "run jobs that were ordered from services: those in Redis (RESIDUA_REDIS_URL), or else in the folder of models",
    );
  addModelsOption(command).action(runWorker);
}

/** Runs until a signal ends it: then its jobs go back into the queue, and the process ends with 0. */
async function runWorker({ models }: WorkerFlags): Promise<void> {
  const settings = loadConfig(process.env);
  const config: Config = { ...settings, RESIDUA_MODELS: models ?? settings.RESIDUA_MODELS };
  if (config.RESIDUA_MAX_JOBS === 0) {
    throw new InputError(
      "RESIDUA_MAX_JOBS has to be 1 or more for a worker, not 0: it would run no job. With 0, a service leaves its jobs to workers.",
    );
  }
  const output = new LogOutput();
  const log = pino({ level: config.LOG_LEVEL }, output.destination);
  const store = await openJobStore(config, log);
  const worker = createJobWorker(store, config, {
    models: openStore(storeLocation(config), (sentence) => log.warn({}, sentence)),
    threads: config.RESIDUA_THREADS,
    log,
    onPublished: async () => undefined,
  });
  log.info(
    { models: config.RESIDUA_MODELS, maxJobs: config.RESIDUA_MAX_JOBS, kept: placeOfJobs(config) },
    "looking for jobs",
  );
  worker.look();
  await firstSignal(log, output);
  const timer = setTimeout(() => {
    log.error({}, "giving jobs back takes too long; they are taken up again when their time is over");
    void end(output, 1);
  }, END_MS);
  await worker.stop();
  await store.close();
  clearTimeout(timer);
  log.info({}, "ended");
  await end(output, 0);
}

/** Resolves at the first signal; a later one ends the process at once. */
function firstSignal(log: Logger, output: LogOutput): Promise<void> {
  return new Promise((resolve) => {
    onRepeatedSignals(["SIGTERM", "SIGINT", "SIGHUP"], {
      onFirst: (signal) => {
        log.info({ signal }, "ending: jobs go back into the queue");
        resolve();
      },
      onLater: (signal) => {
        log.warn({ signal }, "ending at once");
        void end(output, 1);
      },
    });
  });
}

async function end(output: LogOutput, status: number): Promise<void> {
  await output.flush(LAST_LINES_MS);
  await endProcess(status);
}
