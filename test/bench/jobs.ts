/**
 * Latency of scoring while a training job runs in the same service, beside that without one: T50 F8 U64, one window a
 * request. The job is an LSTM autoencoder that is trained for as long as it is measured; with and without take turns.
 *
 * `npm run -s bench -- jobs [--json] [--seconds S] [--rounds N] [--most RATIO]`
 * Ratios are of p99 with a job to p99 without, of each round; the median of them is compared with `--most` (1.5), beyond
 * which the scenario ends with status 1. For two cores of a larger machine: `taskset -c 0,1 npm run -s bench -- jobs`.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startServer } from "../server-process.js";
import { BENCH_MODEL, publishBenchModel } from "./service/bench-model.js";
import { type Loop, quantile, runLoop } from "./service/closed-loop.js";
import { median, takeTurns } from "./service/turns.js";

const CASES = [
  { clients: 1, pauseMs: 5 },
  { clients: 8, pauseMs: 10 },
  { clients: 8, pauseMs: undefined },
] as const;
const TOKEN = "bench";
const JOB = "family=reconstruction&timesteps=50&units=64&epochs=1000000&patience=0&folds=1&linear-path=off";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    most: { type: "string", default: "1.5" },
  },
});

const model = publishBenchModel();
const server = await startServer({
  RESIDUA_MODELS: model.models,
  LOG_LEVEL: "warn",
  RESIDUA_ADMIN_TOKEN: TOKEN,
});
await server.ready();
const body = readFileSync(model.body(1));
const url = `${server.url}/v1/models/${BENCH_MODEL}/score`;
let isPast = false;
for (const one of CASES) isPast = (await measure({ url, body, ...one })) || isPast;
await server.end();
process.exitCode = isPast ? 1 : 0;

/** Measures a case and prints it. @returns whether the ratio is larger than it may be. */
async function measure({
  pauseMs,
  ...loop
}: Omit<Loop, "pauseMs"> & { pauseMs: number | undefined }): Promise<boolean> {
  const run = async (): Promise<readonly number[]> => {
    const paced = pauseMs === undefined ? loop : { ...loop, pauseMs };
    const { statuses, acceptedMs } = await runLoop(paced, Number(options.seconds));
    if (Object.keys(statuses).some((status) => status !== "200")) throw new Error(JSON.stringify(statuses));
    return acceptedMs;
  };
  const sides = [run, () => besideJob(run)];
  const [alone, beside] = (await takeTurns(sides, Number(options.rounds))) as [number[][], number[][]];
  const of = (rounds: readonly (readonly number[])[], share: number): number =>
    Math.round(100 * median(rounds.map((sorted) => quantile(sorted, share)))) / 100;
  const ratios = alone.map((sorted, round) => quantile(beside[round]!, 0.99) / quantile(sorted, 0.99));
  const rounded = (ratio: number): number => Math.round(100 * ratio) / 100;
  const row = {
    clients: loop.clients,
    pauseMs: pauseMs ?? 0,
    requestsPerSecond: Math.round(median(alone.map(({ length }) => length)) / Number(options.seconds)),
    aloneP50Ms: of(alone, 0.5),
    aloneP99Ms: of(alone, 0.99),
    besideP50Ms: of(beside, 0.5),
    besideP99Ms: of(beside, 0.99),
    ratio: rounded(median(ratios)),
    leastRatio: rounded(Math.min(...ratios)),
    greatestRatio: rounded(Math.max(...ratios)),
  };
  if (options.json) console.log(JSON.stringify(row));
  else {
    console.log(
      `${row.clients} clients, ${row.pauseMs} ms between their requests, ${row.requestsPerSecond} requests/s: p50 ${row.aloneP50Ms} ms, ` +
        `p99 ${row.aloneP99Ms} ms; beside a job ${row.besideP50Ms} and ${row.besideP99Ms} ms, p99 ${row.ratio} times ` +
        `(${row.leastRatio} to ${row.greatestRatio}) as long`,
    );
  }
  return row.ratio > Number(options.most);
}

/** Runs something while a job trains. */
async function besideJob<Result>(run: () => Promise<Result>): Promise<Result> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const rows = Array.from({ length: 5000 }, (_, row) =>
    Array.from({ length: 8 }, (_, feature) => Math.sin(row / (5 + feature)).toFixed(4)).join(","),
  );
  const ordered = await fetch(`${server.url}/v1/models/other/versions?${JOB}`, {
    method: "POST",
    body: `a,b,c,d,e,f,g,h\n${rows.join("\n")}\n`,
    headers: { ...headers, "content-type": "text/csv" },
  });
  if (ordered.status !== 202) throw new Error(await ordered.text());
  const { id } = (await ordered.json()) as { id: string };
  const job = `${server.url}/v1/jobs/${id}`;
  const read = async () =>
    (await (await fetch(job, { headers })).json()) as { progress: unknown; endedAt: string | null };
  for (let now = await read(); now.progress === null; now = await read()) {
    if (now.endedAt !== null) throw new Error(JSON.stringify(now));
    await delay(100);
  }
  const result = await run();
  if ((await read()).endedAt !== null) throw new Error("the job ended while it was measured");
  await fetch(job, { method: "DELETE", headers });
  return result;
}
