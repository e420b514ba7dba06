/**
 * Resident memory of the service: at rest with every shipped model, and under load.
 *
 * `npm run -s bench -- memory [--json] [--seconds S] [--model NAME]`
 * The load is the sample request of the model from eight clients at once; `soak` does the same for longer.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { repository, startServer } from "../server-process.js";
import { runLoop } from "./service/closed-loop.js";
import { footprint } from "./service/footprint.js";

const CLIENTS = 8;
const PARTS = 10;
/** The service is at rest after this time: the memory that only its start needed has been given back. */
const REST_MS = 3_000;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "30" },
    model: { type: "string", default: "server-machine" },
  },
});

const server = await startServer({ LOG_LEVEL: "warn", RESIDUA_MODELS: join(repository, "models") });
await server.ready();
await delay(REST_MS);
const restMiB = footprint(server.child.pid!).residentMiB;
const body = readFileSync(join(repository, "models", options.model, "1", "sample.json"));
const url = `${server.url}/v1/models/${options.model}/score`;
const underLoad: number[] = [];
for (let part = 0; part < PARTS; part++) {
  await runLoop({ url, body, clients: CLIENTS }, Number(options.seconds) / PARTS);
  underLoad.push(footprint(server.child.pid!).residentMiB);
}
await server.end();
if (options.json) console.log(JSON.stringify({ restMiB, underLoadMiB: underLoad }));
else console.log(`at rest ${restMiB} MiB; under load ${underLoad.join(", ")} MiB`);
