/** The service as a process: reads its settings from the environment, logs to stdout, and stops in order on a signal. */
import "./heap-growth.js";
import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import pino, { type Logger } from "pino";
import { type Config, loadConfig } from "./config.js";
import { InputError } from "./errors.js";
import { firstWords } from "./http/first-words.js";
import { Service } from "./http/service.js";
import { endProcess } from "./last-exit.js";
import { LogOutput } from "./log-output.js";
import { onRepeatedSignals } from "./repeated-signals.js";

/** After the time to drain, how long closing may take before the process ends all the same. */
const CLOSE_MS = 4000;
/** How long the end waits for whoever reads the log. */
const LAST_LINES_MS = 500;

try {
  await main(loadConfig(process.env));
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}

async function main(config: Config): Promise<void> {
  const output = new LogOutput({
    onCaughtUp: (dropped) => log.warn({ dropped }, "lines of the log were dropped, since nobody read them"),
  });
  // A person at a terminal reads three lines, and is told how to see the others; programs get every line.
  const isRead = isatty(1);
  const level = isRead && process.env["LOG_LEVEL"] === undefined ? "warn" : config.LOG_LEVEL;
  const log = pino({ level }, output.destination);
  const starting = Service.start({
    config,
    version: programVersion(),
    log,
    droppedLogLines: () => output.dropped,
  });
  // From the start on: a signal that comes while the service starts ends it in order too.
  endOnSignal(starting, log, output, config);
  const service = await starting;
  output.destination.flush();
  await service.loaded;
  if (!isRead) return;
  const lines = firstWords({
    url: service.url,
    folder: config.RESIDUA_MODELS,
    models: service.models.list(),
    logsRequests: log.isLevelEnabled("info"),
  });
  await output.flush(LAST_LINES_MS);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function endOnSignal(starting: Promise<Service>, log: Logger, output: LogOutput, config: Config): void {
  const end = async (status: number): Promise<void> => {
    await output.flush(LAST_LINES_MS);
    await endProcess(status);
  };
  const onFirst = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "ending");
    const { RESIDUA_LAME_DUCK_SECONDS: lameDuck, RESIDUA_DRAIN_SECONDS: drain } = config;
    setTimeout(
      () => {
        log.error({}, "closing takes too long; ending all the same");
        void end(1);
      },
      (lameDuck + drain) * 1000 + CLOSE_MS,
    );
    starting
      .then((service) => service.stop())
      .then((isDrained) => {
        log.info({}, "ended");
        return end(isDrained ? 0 : 1);
      })
      .catch((error: unknown) => {
        log.fatal({ err: error }, "could not end in order");
        return end(1);
      });
  };
  const onLater = (signal: NodeJS.Signals): void => {
    log.warn({ signal }, "ending at once");
    void end(1);
  };
  // SIGHUP is a terminal that closes: without this, Node would end at once, in the middle of answers.
  onRepeatedSignals(["SIGTERM", "SIGINT", "SIGHUP"], { onFirst, onLater });
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
