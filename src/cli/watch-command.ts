/** `residua watch`: a live source, scored row by row by a service that runs. */
import { type Command, Option } from "commander";
import { type Config, loadConfig } from "../config.js";
import { choice, wholeNumber } from "../data/option-values.js";
import { InputError } from "../errors.js";
import { systemClock } from "../watch/clock.js";
import { type FeatureQuery, PrometheusSource } from "../watch/prometheus-source.js";
import { RemoteWriter } from "../watch/remote-write.js";
import { ServiceClient } from "../watch/service-client.js";
import { watchLoop } from "../watch/watch-loop.js";
import { readState, type WatchState } from "../watch/watch-state.js";
import { inModelOrder, stepOf } from "../watch/watched-model.js";
import { MOST_HISTORY_ROWS, Watcher, type WatcherOptions } from "../watch/watcher.js";
import { Webhook, webhookKey } from "../watch/webhook.js";
import { printNote } from "./note.js";
import { addOptions, addVersionOption, argument } from "./options.js";
import { UsageError } from "./usage-error.js";
import {
  address,
  durationOrNone,
  featureQuery,
  labelPair,
  seconds,
  several,
  webhookAddress,
} from "./watch-options.js";

interface WatchFlags {
  readonly url: string;
  readonly query: readonly FeatureQuery[];
  readonly model: string;
  readonly version?: number;
  readonly service: string;
  readonly every: number;
  readonly step?: number;
  readonly delay: number;
  readonly history?: number;
  readonly settle: number;
  readonly label?: readonly (readonly [string, string])[];
  readonly write?: string;
  readonly webhook?: string;
  readonly state?: string;
}

/** How long what is under way may take once the program is told to end. */
const GRACE_MS = 5000;

/** Adds `watch` to the program. */
export function addWatchCommand(program: Command): void {
  const command = program
    .command("watch")
    .description(
      "score a live source with a service that runs; scores go back to Prometheus, events to a webhook, until it is stopped",
    );
  addOptions(command, {
    source: choice("kind", "where readings come from", ["prometheus"], "prometheus"),
  });
  command
    .requiredOption("--url <address>", "of Prometheus, or whatever has its HTTP API", argument(address))
    .requiredOption(
      "--query <feature=promql>",
      "what gives one series with the readings of a feature; once for each feature of the model",
      several(featureQuery),
    )
    .requiredOption("--model <name>", "name of the model")
    .option("--service <address>", "of the service", argument(address), "http://127.0.0.1:3000")
    .addOption(timed("--every <time>", "how often new rows are looked for", "1m", seconds))
    .option("--step <time>", "from row to row (default: as in the model's training data)", argument(seconds))
    .addOption(timed("--delay <time>", "how old a row has to be before it is read", "10s", durationOrNone))
    .option(
      "--history <rows>",
      "rows that a stream begins with (default: four windows)",
      argument(wholeNumber(1, MOST_HISTORY_ROWS)),
    )
    .option(
      "--settle <rows>",
      "rows that have to follow before the score of a row is written; a window of rows for one that does not change any more",
      argument(wholeNumber(0)),
      0,
    )
    .option("--label <name=value>", "a label of all that is written, such as site=north", several(labelPair))
    .option(
      "--write <address|off>",
      "where scores go, by remote write (default: /api/v1/write of --url)",
      argument((text) => (text === "off" ? text : address(text))),
    )
    .option("--webhook <address>", "where events go", argument(webhookAddress))
    .option("--state <file>", "where it notes how far it is (default: NAME.watch.json)");
  addVersionOption(command, "version (default: the one that answers for the model, also when that changes)");
  command.action(watch);
}

/** An option that is a length of time, whose default is shown as it would be written. */
function timed(flags: string, help: string, fallback: string, parse: (text: string) => number): Option {
  return new Option(flags, help).argParser(argument(parse)).default(parse(fallback), fallback);
}

async function watch(flags: WatchFlags): Promise<void> {
  checkFlags(flags);
  const config = loadConfig(process.env);
  const { stop, cut, dispose } = watchSignals();
  let watcher: Watcher | undefined;
  try {
    await watchLoop(
      async (isWebhookDue) => {
        watcher ??= new Watcher(await prepare(flags, config, cut));
        return watcher.look({ stop, cut }, isWebhookDue);
      },
      { everyMs: flags.every, clock: systemClock, stop, say: printLine },
    );
  } finally {
    dispose();
  }
}

function checkFlags({ query, label = [] }: WatchFlags): void {
  const names = [...query.map(({ feature }) => feature), ...label.map(([name]) => name)];
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`"${twice}" is named twice.`);
}

async function prepare(flags: WatchFlags, config: Config, cut: AbortSignal): Promise<WatcherOptions> {
  const { url, model, version, state: stateFile = `${model}.watch.json` } = flags;
  const authorization = config.RESIDUA_PROMETHEUS_AUTHORIZATION;
  const service = new ServiceClient({
    url: flags.service,
    model,
    version: version?.toString(),
    token: config.RESIDUA_API_TOKEN,
  });
  const described = await service.describe(cut);
  const queries = inModelOrder(model, described, flags.query);
  const { stepMs, note } = stepOf(model, described, flags.step);
  if (note !== undefined) printNote(note);
  // In whatever order they are named: they are part of ids, and of the state.
  const labels = Object.fromEntries([...(flags.label ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
  const writeUrl = flags.write ?? `${url}/api/v1/write`;
  const isSameOrigin = writeUrl !== "off" && new URL(writeUrl).origin === new URL(url).origin;
  const key = config.RESIDUA_WEBHOOK_SECRET;
  const settings = {
    model,
    features: described.features,
    stepMs,
    settleRows: flags.settle,
    labels,
    queries: queries.map(({ feature, promql }) => [feature, promql] as const),
  };
  const options = {
    ...settings,
    source: new PrometheusSource({ url, queries, authorization }),
    service,
    writer:
      writeUrl === "off"
        ? undefined
        : new RemoteWriter({
            url: writeUrl,
            authorization:
              config.RESIDUA_REMOTE_WRITE_AUTHORIZATION ?? (isSameOrigin ? authorization : undefined),
            model,
            features: described.features,
            labels,
          }),
    webhook:
      flags.webhook === undefined
        ? undefined
        : new Webhook({
            url: flags.webhook,
            key: key === undefined ? undefined : webhookKey(key),
            nowMs: systemClock.nowMs,
          }),
    delayMs: flags.delay,
    timesteps: described.timesteps,
    historyRows: flags.history,
    stateFile,
    say: printLine,
  };
  return { ...options, state: await findState(stateFile, options) };
}

/** The state that there is. @throws InputError where it is of something else. */
async function findState(
  file: string,
  { model, stepMs, queries, labels }: Pick<WatcherOptions, "model" | "stepMs" | "queries" | "labels">,
): Promise<WatchState | undefined> {
  const { state, problem } = await readState(file);
  if (problem !== undefined) printLine(problem);
  if (state === undefined) {
    if (problem === undefined)
      printLine(`There is no state in ${file}: watching begins with the newest row.`);
    return undefined;
  }
  const of = { model, stepMs, queries, labels: Object.entries(labels) };
  if (JSON.stringify(state.of) !== JSON.stringify(of)) {
    throw new InputError(
      `The state ${file} is of model "${state.of.model}", or of other queries, labels or steps: name another --state, or remove it to begin anew.`,
    );
  }
  printLine(`Watching goes on after ${new Date(state.readMs).toISOString()}.`);
  return state;
}

/** SIGTERM and SIGINT end the loop; what is under way has a few seconds more. */
function watchSignals(): { stop: AbortSignal; cut: AbortSignal; dispose: () => void } {
  const stop = new AbortController();
  const cut = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    stop.abort();
    timer ??= setTimeout(() => cut.abort(), GRACE_MS);
  };
  const names = ["SIGTERM", "SIGINT"] as const;
  for (const name of names) process.on(name, end);
  const dispose = (): void => {
    clearTimeout(timer);
    for (const name of names) process.off(name, end);
  };
  return { stop: stop.signal, cut: cut.signal, dispose };
}

function printLine(sentence: string): void {
  process.stdout.write(`${new Date().toISOString()} ${sentence}\n`);
}
