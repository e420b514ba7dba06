/**
 * Accepted and refused requests, from one client to overload. Past saturation, the accepted requests per second have to
 * stay level and their latency bounded; the others are answered 429.
 *
 * `npm run -s bench -- load [--json] [--seconds S] [--queue WINDOWS] [--windows N]`
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startServer } from "../server-process.js";
import { BENCH_MODEL, publishBenchModel } from "./service/bench-model.js";
import { quantile, runLoop } from "./service/closed-loop.js";

const CLIENTS = [1, 4, 16, 64, 256] as const;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "5" },
    queue: { type: "string", default: "512" },
    windows: { type: "string", default: "16" },
  },
});

const model = publishBenchModel();
const server = await startServer({
  RESIDUA_MODELS: model.models,
  LOG_LEVEL: "warn",
  RESIDUA_MAX_QUEUE_WINDOWS: options.queue,
});
await server.ready();
const url = `${server.url}/v1/models/${BENCH_MODEL}/score`;
const body = readFileSync(model.body(Number(options.windows)));
await runLoop({ url, body, clients: 8 }, 1);
for (const clients of CLIENTS) {
  const { seconds, statuses, acceptedMs } = await runLoop({ url, body, clients }, Number(options.seconds));
  const perSecond = (status: number): number => Math.round((statuses[status] ?? 0) / seconds);
  const row = {
    clients,
    acceptedPerSecond: perSecond(200),
    refusedPerSecond: perSecond(429),
    other: Object.entries(statuses).filter(([status]) => status !== "200" && status !== "429"),
    acceptedP50Ms: Math.round(10 * quantile(acceptedMs, 0.5)) / 10,
    acceptedP99Ms: Math.round(10 * quantile(acceptedMs, 0.99)) / 10,
  };
  if (options.json) console.log(JSON.stringify(row));
  else {
    console.log(
      `${clients} clients: ${row.acceptedPerSecond} accepted a second (p50 ${row.acceptedP50Ms} ms, p99 ` +
        `${row.acceptedP99Ms} ms), ${row.refusedPerSecond} refused with 429, ${row.other.length === 0 ? "none" : row.other.join(" ")} else`,
    );
  }
}
await server.end();
