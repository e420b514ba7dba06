/**
 * Ten minutes of load: memory, open files and threads of the service have to stay level.
 *
 * `npm run -s bench -- soak [--json] [--minutes M] [--model NAME]`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repository, startServer } from "../server-process.js";
import { runLoop } from "./service/closed-loop.js";
import { type Footprint, footprint } from "./service/footprint.js";

const CLIENTS = 8;
const SAMPLES = 20;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    minutes: { type: "string", default: "10" },
    model: { type: "string", default: "server-machine" },
  },
});

const server = await startServer({ LOG_LEVEL: "warn", RESIDUA_MODELS: join(repository, "models") });
await server.ready();
const body = readFileSync(join(repository, "models", options.model, "1", "sample.json"));
const url = `${server.url}/v1/models/${options.model}/score`;
const samples: Footprint[] = [];
let answers = 0;
for (let sample = 0; sample < SAMPLES; sample++) {
  const { statuses } = await runLoop(
    { url, body, clients: CLIENTS },
    (60 * Number(options.minutes)) / SAMPLES,
  );
  if (Object.keys(statuses).some((status) => status !== "200")) throw new Error(JSON.stringify(statuses));
  answers += statuses[200] ?? 0;
  samples.push(footprint(server.child.pid!));
  if (!options.json) console.log(JSON.stringify(samples[sample]));
}
await server.end();

// The first fifth warms up.
const [first, last] = [samples[SAMPLES / 5]!, samples[SAMPLES - 1]!];
const grown = {
  residentMiB: last.residentMiB - first.residentMiB,
  openFiles: last.openFiles - first.openFiles,
  threads: last.threads - first.threads,
};
console.log(
  options.json
    ? JSON.stringify({ answers, last, grown })
    : `${answers} answers; grown since warm: ${JSON.stringify(grown)}`,
);
