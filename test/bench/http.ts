/**
 * Requests per second over HTTP, client and service on the same cores: T50 F8 U64, one window a request and eight,
 * 16 connections, and one connection alone. The client is wrk, which has to be installed.
 *
 * `npm run -s bench -- http [--json] [--seconds N] [--rounds N] [--peer URL ...]`
 * A peer is a service that takes the same `windows`; rounds alternate between it and ours, and the ratios are those
 * of the medians.
 */
import { parseArgs } from "node:util";
import { startServer } from "../server-process.js";
import { BENCH_MODEL, publishBenchModel } from "./service/bench-model.js";
import { median, takeTurns } from "./service/turns.js";
import { requireWrk, runWrk, type WrkResult } from "./service/wrk.js";

const CASES = [
  { windows: 1, connections: 16 },
  { windows: 8, connections: 16 },
  { windows: 1, connections: 1 },
] as const;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    peer: { type: "string", multiple: true, default: [] },
  },
});
requireWrk();

const model = publishBenchModel();
const server = await startServer({ RESIDUA_MODELS: model.models, LOG_LEVEL: "warn" });
await server.ready();
const ours = `${server.url}/v1/models/${BENCH_MODEL}/score`;
const urls = [ours, ...options.peer];
for (const { windows, connections } of CASES) {
  const body = model.body(windows);
  const sides = urls.map((url) => () => runWrk({ url, connections, seconds: Number(options.seconds), body }));
  const rounds = await takeTurns(sides, Number(options.rounds));
  urls.forEach((url, index) => {
    const of = (field: keyof WrkResult, which = index): number =>
      median(rounds[which]!.map((each) => each[field]));
    const row = {
      url: index === 0 ? "residua" : url,
      windows,
      connections,
      requestsPerSecond: Math.round(of("requestsPerSecond")),
      p50Ms: of("p50Ms"),
      p99Ms: of("p99Ms"),
      oursToThis: Math.round((100 * of("requestsPerSecond", 0)) / of("requestsPerSecond")) / 100,
    };
    if (options.json) console.log(JSON.stringify(row));
    else {
      console.log(
        `${row.url}: ${windows} windows a request, ${connections} connections: ${row.requestsPerSecond} requests/s, ` +
          `p50 ${row.p50Ms} ms, p99 ${row.p99Ms} ms${index === 0 ? "" : `; ours is ${row.oursToThis} of it`}`,
      );
    }
  });
}
await server.end();
