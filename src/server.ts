/** The service as a process: reads its settings from the environment, logs to stdout, and stops in order on a signal. */
import "./heap-growth.js";
import { readFileSync } from "node:fs";
import pino, { type Logger } from "pino";
import { type Config, loadConfig } from "./config.js";
import { InputError } from "./errors.js";
import { firstWords } from "./http/first-words.js";
import { Service } from "./http/service.js";

/** Signals within this time of the first are the same one: the terminal and npm may both pass on one Ctrl-C. */
const SAME_SIGNAL_MS = 1000;
/** Log lines are written several at a time, each within this time. */
const LOG_FLUSH_MS = 100;

try {
  await main(loadConfig(process.env));
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

async function main(config: Config): Promise<void> {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: 4096,
    periodicFlush: LOG_FLUSH_MS,
  });
  // A person at a terminal reads three lines, and is told how to see the others; programs get every line.
  const isRead = process.stdout.isTTY === true;
  const level = isRead && process.env["LOG_LEVEL"] === undefined ? "warn" : config.LOG_LEVEL;
  const log = pino({ level }, destination);
  const starting = Service.start({ config, version: programVersion(), log });
  // From the start on: a signal that comes while the service starts ends it in order too.
  endOnSignal(starting, log, () => destination.flushSync());
  const service = await starting;
  destination.flushSync();
  await service.loaded;
  if (!isRead) return;
  const lines = firstWords({
    url: service.url,
    folder: config.RESIDUA_MODELS,
    models: service.models.list(),
    logsRequests: log.isLevelEnabled("info"),
  });
  destination.flushSync();
  process.stdout.write(`${lines.join("\n")}\n`);
}

function endOnSignal(starting: Promise<Service>, log: Logger, flush: () => void): void {
  let firstAtMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAtMs !== undefined) {
      if (performance.now() - firstAtMs < SAME_SIGNAL_MS) return;
      log.warn({ signal }, "ending at once");
      flush();
      process.exit(1);
    }
    firstAtMs = performance.now();
    log.info({ signal }, "ending");
    starting
      .then((service) => service.stop())
      .then((isDrained) => {
        log.info({}, "ended");
        flush();
        process.exit(isDrained ? 0 : 1);
      })
      .catch((error: unknown) => {
        log.fatal({ err: error }, "could not end in order");
        flush();
        process.exit(1);
      });
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function programVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}

function explain(error: unknown): string {
  if (error instanceof InputError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `PORT is in use by another program: ${message}.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `HOST is not an address of this machine: ${message}.`;
  if (code === "EACCES") return `PORT may not be used: ${message}.`;
  return error instanceof Error ? (error.stack ?? message) : String(error);
}
