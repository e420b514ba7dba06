/**
 * Resident memory of the service: at rest with every shipped model, and while it is kept busy.
 *
 * `npm run -s bench -- memory [--json] [--seconds S] [--model NAME]`
 * Load is the model's own sample, eight connections at once. The figure to look at is `growthMiB`: the second half
 * of the load against its first.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repository, startServer } from "../server-process.js";

const CONNECTIONS = 8;
const SAMPLE_EVERY_MS = 500;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "30" },
    model: { type: "string", default: "server-machine" },
  },
});

const server = await startServer({ LOG_LEVEL: "warn" });
await server.ready();
const residentMiB = (): number => {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
};
await delay(2_000);
const restMiB = residentMiB();

const body = readFileSync(join(repository, "models", options.model, "1", "sample.json"));
let busy = true;
let answers = 0;
const connection = async (): Promise<void> => {
  while (busy) {
    const response = await fetch(`${server.url}/v1/models/${options.model}/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`The service answered ${response.status}.`);
    answers++;
  }
};
const connections = Array.from({ length: CONNECTIONS }, connection);
const samples: number[] = [];
for (let waitedMs = 0; waitedMs < Number(options.seconds) * 1_000; waitedMs += SAMPLE_EVERY_MS) {
  await delay(SAMPLE_EVERY_MS);
  samples.push(residentMiB());
}
busy = false;
await Promise.all(connections);
await server.end();

const half = samples.length >> 1;
const mean = (all: number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length;
const growthMiB = Math.round(mean(samples.slice(half)) - mean(samples.slice(0, half)));
const mostMiB = Math.max(...samples);
if (options.json) console.log(JSON.stringify({ restMiB, mostMiB, growthMiB, answers }));
else {
  console.log(
    `at rest ${restMiB} MiB; under load at most ${mostMiB} MiB, second half against first ${growthMiB} MiB`,
  );
}
