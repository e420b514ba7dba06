/**
 * A new version takes over under load: latency in the seconds around the swap beside that of the seconds before it.
 *
 * `npm run -s bench -- swap [--json] [--seconds S] [--clients N]`
 */
import { cpSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startServer } from "../server-process.js";
import { BENCH_MODEL, publishBenchModel } from "./service/bench-model.js";
import { quantile, runLoop } from "./service/closed-loop.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "10" },
    clients: { type: "string", default: "8" },
  },
});

const model = publishBenchModel({ versions: 2 });
const live = join(model.models, "..", "live", BENCH_MODEL);
mkdirSync(live, { recursive: true });
cpSync(join(model.models, BENCH_MODEL, "1"), join(live, "1"), { recursive: true });
const server = await startServer({ RESIDUA_MODELS: join(live, ".."), LOG_LEVEL: "warn" });
await server.ready();
const url = `${server.url}/v1/models/${BENCH_MODEL}/score`;
const loop = { url, body: readFileSync(model.body(1)), clients: Number(options.clients) };
await runLoop(loop, 2);
const before = await runLoop(loop, Number(options.seconds));
renameSync(join(model.models, BENCH_MODEL, "2"), join(live, "2"));
// The service looks at the folder every 2 s: the swap happens during these 4 s.
const during = await runLoop(loop, 4);
const answer = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: loop.body,
});
const { model: by } = (await answer.json()) as { model: { version: string } };
await server.end();
const row = {
  version: by.version,
  p99BeforeMs: Math.round(100 * quantile(before.acceptedMs, 0.99)) / 100,
  p99DuringMs: Math.round(100 * quantile(during.acceptedMs, 0.99)) / 100,
  mostDuringMs: Math.round(100 * quantile(during.acceptedMs, 1)) / 100,
  otherStatuses: Object.keys(during.statuses).filter((status) => status !== "200"),
};
console.log(
  options.json
    ? JSON.stringify(row)
    : `p99 ${row.p99BeforeMs} ms before, ${row.p99DuringMs} ms around the swap (most ${row.mostDuringMs} ms); version ${row.version} answers`,
);
