/**
 * A thousand models in one service: time to ready, memory, what looking at the folder costs, and how long a score takes,
 * as the first of a model and as a later one.
 *
 * `npm run -s bench -- fleet [--json] [--models N] [--copy NAME] [--seconds S] [--clients N]`
 * All are copies of one shipped model under other names, each with a manifest of its own.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repository, startServer } from "../server-process.js";
import { post, quantile } from "./service/closed-loop.js";
import { cpuSeconds, footprint, scheduled } from "./service/footprint.js";

/** How long the service is watched at rest: ten looks at the folder. */
const REST_SECONDS = 20;
const POLL_SECONDS = 2;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    models: { type: "string", default: "1000" },
    copy: { type: "string", default: "machine-temperature" },
    seconds: { type: "string", default: "20" },
    clients: { type: "string", default: "8" },
  },
});

const source = join(repository, "models", options.copy, "1");
const body = readFileSync(join(source, "sample.json"));
const models = mkdtempSync(join(tmpdir(), "residua-fleet-"));
process.once("exit", () => rmSync(models, { recursive: true, force: true }));
const names = Array.from({ length: Number(options.models) }, (_, at) => `fleet-${at}`);
for (const name of names) await copyUnder(name);

const begin = performance.now();
const server = await startServer({
  RESIDUA_MODELS: models,
  RESIDUA_POLL_SECONDS: `${POLL_SECONDS}`,
  LOG_LEVEL: "warn",
});
const { pid } = server.child;
const listeningMs = performance.now() - begin;
await server.ready();
const readyMs = performance.now() - begin;
const startCpuSeconds = cpuSeconds(pid!);
const loop = scheduled(pid!);
await delay(3000);
const rest = footprint(pid!);
const before = cpuSeconds(pid!);
await delay(REST_SECONDS * 1000);
const pollCpuMs = ((cpuSeconds(pid!) - before) * 1000 * POLL_SECONDS) / REST_SECONDS;

const agent = new Agent({ keepAlive: true, maxSockets: Number(options.clients) });
const first = await scoreAll(names, 1);
const used = footprint(pid!);
const later: number[] = [];
const end = performance.now() + Number(options.seconds) * 1000;
let requests = 0;
const loopBegin = performance.now();
while (performance.now() < end) {
  const took = await scoreAll(names, Number(options.clients), end);
  later.push(...took);
  requests += took.length;
}
const loopSeconds = (performance.now() - loopBegin) / 1000;
agent.destroy();
await server.end();

first.sort((a, b) => a - b);
later.sort((a, b) => a - b);
const round = (value: number): number => Math.round(value * 100) / 100;
const row = {
  models: names.length,
  copied: options.copy,
  listeningMs: Math.round(listeningMs),
  readyMs: Math.round(readyMs),
  startCpuSeconds: round(startCpuSeconds),
  loopSeconds: round(loop.ranSeconds),
  loopWaitedSeconds: round(loop.waitedSeconds),
  residentMiB: rest.residentMiB,
  residentUsedMiB: used.residentMiB,
  pollCpuMs: Math.round(pollCpuMs),
  firstP50Ms: round(quantile(first, 0.5)),
  firstP99Ms: round(quantile(first, 0.99)),
  laterP50Ms: round(quantile(later, 0.5)),
  laterP99Ms: round(quantile(later, 0.99)),
  requestsPerSecond: Math.round(requests / loopSeconds),
};
console.log(
  options.json
    ? JSON.stringify(row)
    : [
        `${row.models} copies of ${row.copied}: listening after ${row.listeningMs} ms, ready after ${row.readyMs} ms (${row.startCpuSeconds} s of processor time)`,
        `until then, the thread of the event loop ran for ${row.loopSeconds} s and waited for a core for ${row.loopWaitedSeconds} s`,
        `resident ${row.residentMiB} MiB at rest, ${row.residentUsedMiB} MiB once all have scored; a look at the folder takes ${row.pollCpuMs} ms of processor time`,
        `first score of a model: p50 ${row.firstP50Ms} ms, p99 ${row.firstP99Ms} ms, one at a time`,
        `later scores, all models in turn, ${options.clients} clients: p50 ${row.laterP50Ms} ms, p99 ${row.laterP99Ms} ms, ${row.requestsPerSecond} requests/s`,
      ].join("\n"),
);

/** Publishes the model under another name: only its manifest names it. */
async function copyUnder(name: string): Promise<void> {
  const folder = join(models, name, "1");
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(source)) {
    if (file !== "manifest.json") await copyFile(join(source, file), join(folder, file));
  }
  const manifest = JSON.parse(readFileSync(join(source, "manifest.json"), "utf8")) as object;
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ ...manifest, name }));
}

/** One request to each model, so many at once. @returns the milliseconds of each. */
async function scoreAll(of: readonly string[], clients: number, until = Infinity): Promise<number[]> {
  const left = [...of];
  const took: number[] = [];
  const client = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined && performance.now() < until; name = left.pop()) {
      const asked = performance.now();
      const status = await post(agent, `${server.url}/v1/models/${name}/score`, body);
      if (status !== 200) throw new Error(`${name} answers ${status}:\n${server.log()}`);
      took.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return took;
}
