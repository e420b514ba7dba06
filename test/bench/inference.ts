/**
 * Windows per second through the Open Inference Protocol, binary both ways, beside what the same engine runs by itself
 * in this process, on the same cores: T50 F8 U64. The client is wrk, which has to be installed.
 *
 * `npm run -s bench -- inference [--json] [--threads N] [--seconds N] [--rounds N] [--connections N]`
 * 128 windows in a request are as many as a run may have by default; 512 are cut into slices. Both sides get the same
 * number of windows at a time and are measured alternately; the ratios are those of the medians. Processor time is that
 * of the service, or of this process, without the client's: on a shared machine it says more than the elapsed time.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { availableCores } from "../../src/available-cores.js";
import type { Outputs } from "../../src/engine/engine.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { readBundle } from "../../src/registry/bundle.js";
import { startServer } from "../server-process.js";
import { type Shape, someWindows } from "./compute/networks.js";
import { measureRate } from "./compute/rate.js";
import { BENCH_MODEL, type BinaryBody, publishBenchModel } from "./service/bench-model.js";
import { cpuSeconds } from "./service/footprint.js";
import { median, takeTurns } from "./service/turns.js";
import { requireWrk, runWrk } from "./service/wrk.js";

const SHAPE: Shape = [50, 8, 64];
const WINDOWS = [128, 512] as const;
/** What a request asks for. */
const OUTPUTS = {
  score: { outputs: [{ name: "score", parameters: { binary_data: true } }] },
  "default outputs": { parameters: { binary_data_output: true } },
} as const;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string", default: String(availableCores()) },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "4" },
  },
});
const [threads, seconds] = [Number(options.threads), Number(options.seconds)];
const connections = Number(options.connections);
requireWrk();

const [timesteps, features, units] = SHAPE;
const model = publishBenchModel({ timesteps, features, units });
const { network, weights } = await readBundle(join(model.models, BENCH_MODEL, "1"));
const engine = await createWasmEngine({ threads });
const executable = await engine.compile(network, weights);
const server = await startServer({
  RESIDUA_MODELS: model.models,
  RESIDUA_THREADS: String(threads),
  LOG_LEVEL: "warn",
});
await server.ready();
const url = `${server.url}/v2/models/${BENCH_MODEL}/infer`;

interface Measured {
  readonly windowsPerSecond: number;
  /** Microseconds of processor time for each window, on all threads of the process. */
  readonly cpuUs: number;
}

async function runAlone(windows: number): Promise<Measured> {
  const scaled = someWindows(windows, SHAPE);
  const before = cpuSeconds(process.pid);
  let runs = 0;
  const run = (): Promise<Outputs> => {
    runs++;
    return executable.run(scaled, windows);
  };
  const { windowsPerSecond } = await measureRate(run, windows, 1, seconds);
  return { windowsPerSecond, cpuUs: (1e6 * (cpuSeconds(process.pid) - before)) / (runs * windows) };
}

function serve(windows: number, { file: body, headers }: BinaryBody): Measured {
  const before = cpuSeconds(server.child.pid!);
  const { requestsPerSecond } = runWrk({ url, connections, seconds, body, headers });
  const windowsPerSecond = windows * requestsPerSecond;
  const cpuUs = (1e6 * (cpuSeconds(server.child.pid!) - before)) / (windowsPerSecond * seconds);
  return { windowsPerSecond, cpuUs };
}

for (const windows of WINDOWS) {
  const bodies = Object.values(OUTPUTS).map((more) => model.binaryBody(windows, more));
  const sides = [() => runAlone(windows), ...bodies.map((body) => () => serve(windows, body))];
  const [alone, ...served] = (await takeTurns<Measured>(sides, Number(options.rounds))).map((all) => ({
    windowsPerSecond: Math.round(median(all.map(({ windowsPerSecond }) => windowsPerSecond))),
    cpuUs: Math.round(median(all.map(({ cpuUs }) => cpuUs))),
  }));
  served.forEach((rate, index) => {
    const outputs = Object.keys(OUTPUTS)[index];
    const ratio = Math.round((100 * rate.windowsPerSecond) / alone!.windowsPerSecond) / 100;
    console.log(
      options.json
        ? JSON.stringify({ windows, outputs, connections, threads, ...rate, alone, ratio })
        : `${windows} windows a request, ${outputs}: ${rate.windowsPerSecond} windows/s, ${rate.cpuUs} us of processor ` +
            `time each; the engine alone ${alone!.windowsPerSecond}, ${alone!.cpuUs} us; ratio ${ratio}`,
    );
  });
}
await server.end();
await executable.close();
await engine.close();
