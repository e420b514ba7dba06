/**
 * Ten minutes of load: memory, open files, threads and event-loop resources of the service have to stay level.
 *
 * `npm run -s bench -- soak [--json] [--minutes M] [--model NAME]`
 * The growth of memory is the slope of a line through the samples, with its standard error; the first fifth of them is
 * left out, as the service warms up. Heap is V8's old space, external memory that of typed arrays.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repository, startServer } from "../server-process.js";
import { fitLine, type Line } from "./compute/line.js";
import { runLoop } from "./service/closed-loop.js";
import { type Footprint, footprint } from "./service/footprint.js";

const CLIENTS = 8;
const SAMPLES = 20;
const MEMORY = ["residentMiB", "heapMiB", "externalMiB"] as const;
const COUNTS = ["openFiles", "threads", "resources"] as const;
/** After this time the connections of clients that have finished are closed. */
const SETTLE_MS = 200;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    model: { type: "string", default: "server-machine" },
  },
});

interface Sample extends Footprint {
  readonly minutes: number;
  readonly heapMiB: number;
  readonly externalMiB: number;
  /** Resources that keep the event loop alive: sockets, timers, ports of workers. */
  readonly resources: number;
}

const round = (value: number): number => Math.round(100 * value) / 100;

const server = await startServer({ LOG_LEVEL: "warn", RESIDUA_MODELS: join(repository, "models") });
await server.ready();
const body = readFileSync(join(repository, "models", options.model, "1", "sample.json"));
const url = `${server.url}/v1/models/${options.model}/score`;
const samples: Sample[] = [];
let answers = 0;
const begin = performance.now();
for (let sample = 0; sample < SAMPLES; sample++) {
  const { statuses } = await runLoop(
    { url, body, clients: CLIENTS },
    (60 * Number(options.minutes)) / SAMPLES,
  );
  if (Object.keys(statuses).some((status) => status !== "200")) throw new Error(JSON.stringify(statuses));
  answers += statuses[200] ?? 0;
  samples.push(await takeSample());
  if (!options.json) console.log(JSON.stringify(samples[sample]));
}
await server.end();

// The first fifth warms up.
const warm = samples.slice(SAMPLES / 5);
const [first, last] = [warm[0]!, warm[warm.length - 1]!];
const growth = (field: keyof Sample): Line =>
  fitLine(
    warm.map(({ minutes }) => minutes),
    warm.map((sample) => sample[field]),
  );
const perMinute = MEMORY.map((field) => {
  const { slope, error } = growth(field);
  return [field, { slope: round(slope), error: round(error) }] as const;
});
const grown = Object.fromEntries(COUNTS.map((field) => [field, last[field] - first[field]]));
if (options.json) {
  console.log(JSON.stringify({ answers, last, perMinute: Object.fromEntries(perMinute), grown }));
} else {
  const memory = perMinute.map(([field, { slope, error }]) => `${field} ${slope} ± ${error}`);
  console.log(
    `${answers} answers; a minute since warm: ${memory.join(", ")}; grown: ${JSON.stringify(grown)}`,
  );
}

async function takeSample(): Promise<Sample> {
  await delay(SETTLE_MS);
  const held = footprint(server.child.pid!);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const value = (series: string): number =>
    Number(
      metrics
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    );
  const mib = (series: string): number => round(value(series) / 2 ** 20);
  return {
    minutes: round((performance.now() - begin) / 60_000),
    ...held,
    heapMiB: mib('nodejs_heap_space_size_used_bytes{space="old"}'),
    externalMiB: mib("nodejs_external_memory_bytes"),
    resources: value("nodejs_active_resources_total"),
  };
}
