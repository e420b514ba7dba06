/**
 * From nothing to ready with every shipped model: a new process of the service, until /readyz answers 200.
 *
 * `npm run -s bench -- start [--json] [--rounds N]`
 */
import { parseArgs } from "node:util";
import { startServer } from "../server-process.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } },
});

const listening: number[] = [];
const ready: number[] = [];
for (let round = 0; round < Number(options.rounds); round++) {
  const begin = performance.now();
  const server = await startServer();
  listening.push(performance.now() - begin);
  await server.ready();
  ready.push(performance.now() - begin);
  await server.end();
}
const best = (all: number[]): number => Math.round(Math.min(...all));
const worst = (all: number[]): number => Math.round(Math.max(...all));
if (options.json) {
  console.log(
    JSON.stringify({ listeningMs: best(listening), readyMs: best(ready), worstReadyMs: worst(ready) }),
  );
} else {
  console.log(`listening after ${best(listening)} ms (worst ${worst(listening)})`);
  console.log(`ready with every shipped model after ${best(ready)} ms (worst ${worst(ready)})`);
}
