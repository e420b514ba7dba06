/** `residua worker`: takes jobs and runs them, without serving anything. */
import type { Command } from "commander";
import pino, { type Logger } from "pino";
import { type Config, loadConfig, storeLocation } from "../config.js";
import { InputError } from "../errors.js";
import { createJobWorker, openJobStore, placeOfJobs } from "../jobs/start-jobs.js";
import { endProcess } from "../last-exit.js";
import { LogOutput } from "../log-output.js";
import { openStore } from "../registry/open-store.js";
import { addModelsOption } from "./options.js";

/** Signals within this time of the first are the same one: the terminal and npm may both pass on one Ctrl-C. */
const SAME_SIGNAL_MS = 1000;
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
    throw new InputError("RESIDUA_MAX_JOBS is 0, by which a worker would do nothing: set it to 1 or more.");
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
  await ended(log);
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
function ended(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (firstAtMs === undefined) {
        firstAtMs = performance.now();
        log.info({ signal }, "ending: jobs go back into the queue");
        resolve();
      } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

async function end(output: LogOutput, status: number): Promise<void> {
  await output.flush(LAST_LINES_MS);
  await endProcess(status);
}
