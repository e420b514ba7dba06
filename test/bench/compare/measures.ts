/**
 * What is compared. A checkout measures itself, through the command line of its own scenarios, or serves requests: both
 * have been the same for longer than the layout of the sources, so that checkouts of different times can be compared.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { startServer } from "../../server-process.js";
import { BENCH_MODEL, type BenchModel, publishBenchModel } from "../service/bench-model.js";
import { requireWrk, runWrk } from "../service/wrk.js";
import type { Rates } from "./ratios.js";

/** One measurement of a checkout: by case, how much is done per second. */
export type Measure = (checkout: string) => Rates | Promise<Rates>;

export interface MeasureOptions {
  readonly threads: string;
}

export const MEASURES: Readonly<Record<string, (options: MeasureOptions) => Measure>> = {
  engine:
    ({ threads }) =>
    (checkout) =>
      ratesOf(
        runScenario(checkout, ["engine", "--threads", threads, "--batches", "1,16,128"]),
        ({ shape, windowsPerSecond }) =>
          Object.entries(windowsPerSecond as Record<string, number>).map(([batch, rate]) => [
            `T${shape![0]} F${shape![1]} U${shape![2]}, ${batch} at once`,
            rate,
          ]),
      ),
  training:
    ({ threads }) =>
    (checkout) =>
      ratesOf(
        runScenario(checkout, ["training", "--threads", threads]),
        ({ shape, batch, windowsPerSecond }) =>
          // The tutorial's line has no shape: it takes too short a time to be compared.
          shape === undefined
            ? []
            : [[`T${shape[0]} F${shape[1]} U${shape[2]}, batch ${batch}`, windowsPerSecond as number]],
      ),
  http: () => {
    requireWrk();
    // Each side publishes the model that it serves, once: one may not read the other's bundles.
    const models = new Map<string, BenchModel>();
    return (checkout) => {
      const model = models.get(checkout) ?? publishBenchModel({ checkout });
      models.set(checkout, model);
      return measureRequests(checkout, model);
    };
  },
};

const REQUESTS = [
  { windows: 1, connections: 16 },
  { windows: 8, connections: 16 },
  { windows: 1, connections: 1 },
] as const;

/** A new process of the service in each pair: how fast one is differs from start to start. */
async function measureRequests(checkout: string, model: BenchModel): Promise<Rates> {
  const server = await startServer({ RESIDUA_MODELS: model.models, LOG_LEVEL: "warn" }, checkout);
  const rates = new Map<string, number>();
  try {
    await server.ready();
    const url = `${server.url}/v1/models/${BENCH_MODEL}/score`;
    for (const { windows, connections } of REQUESTS) {
      const load = { url, connections, seconds: 1, body: model.body(windows) };
      // The first second warms up.
      runWrk(load);
      const { requestsPerSecond } = runWrk(load);
      rates.set(`${windows} windows a request, ${connections} connections`, requestsPerSecond);
    }
  } finally {
    await server.end();
  }
  return rates;
}

interface ScenarioLine {
  readonly shape?: readonly number[];
  readonly batch?: number;
  readonly windowsPerSecond?: number | Readonly<Record<string, number>>;
}

/** The lines that a scenario of a checkout prints with `--json`, measured once and for a short time. */
function runScenario(checkout: string, args: readonly string[]): ScenarioLine[] {
  const program = join(checkout, "dist", "test", "bench", "run.js");
  const short = ["--json", "--rounds", "1", "--seconds", "0.3"];
  const printed = execFileSync(process.execPath, [program, ...args, ...short], {
    cwd: checkout,
    encoding: "utf8",
    stdio: ["ignore", "pipe", 2],
  });
  return printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ScenarioLine);
}

function ratesOf(lines: readonly ScenarioLine[], of: (line: ScenarioLine) => [string, number][]): Rates {
  return new Map(lines.flatMap(of));
}
