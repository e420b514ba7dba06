/**
 * What is compared: both checkouts are measured at nearly the same time, in slices that alternate between them, because a
 * machine that others use changes its speed from one second to the next. Each pair has processes of its own: how fast
 * one is differs from start to start.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startServer } from "../../server-process.js";
import { BENCH_MODEL, type BenchModel, publishBenchModel } from "../service/bench-model.js";
import { requireWrk, runWrk } from "../service/wrk.js";
import type { Rates } from "./ratios.js";
import type { Done, Order, Ready } from "./side.js";

/** Measures two checkouts beside each other: for each of them, by case, how much is done per second. */
export type Measure = (first: string, second: string) => Promise<readonly [Rates, Rates]>;

export interface MeasureOptions {
  readonly threads: string;
}

export const MEASURES: Readonly<Record<string, (options: MeasureOptions) => Measure>> = {
  engine: ({ threads }) => measureEngines("engine", threads),
  training: ({ threads }) => measureEngines("training", threads),
  http: () => {
    requireWrk();
    // Each side publishes the model that it serves, once: one may not read the other's bundles.
    const models = new Map<string, BenchModel>();
    const modelOf = (checkout: string): BenchModel => {
      const model = models.get(checkout) ?? publishBenchModel({ checkout });
      models.set(checkout, model);
      return model;
    };
    return (first, second) => measureRequests([first, second], modelOf);
  },
};

const WARM_UP_MS = 60;
const SLICE_MS = 60;
/** Which side is measured, slice by slice: a speed that rises or falls steadily favours neither. */
const ALTERNATION = [0, 1, 1, 0, 0, 1, 1, 0] as const;
/** How often that is done for each case; training has fewer cases that even out chance. */
const ALTERNATIONS = { engine: 1, training: 3 };

function measureEngines(what: "engine" | "training", threads: string): Measure {
  return async (first, second) => {
    const sides = await Promise.all([first, second].map((checkout) => startSide(checkout, what, threads)));
    const rates = [new Map<string, number>(), new Map<string, number>()] as const;
    try {
      for (const name of sides[0]!.cases) {
        for (const side of sides) await side.run({ case: name, milliseconds: WARM_UP_MS });
        const totals: [Total, Total] = [
          { windows: 0, seconds: 0 },
          { windows: 0, seconds: 0 },
        ];
        const slices = Array.from({ length: ALTERNATIONS[what] }, () => ALTERNATION).flat();
        for (const side of slices) {
          const { windows, seconds } = await sides[side]!.run({ case: name, milliseconds: SLICE_MS });
          totals[side].windows += windows;
          totals[side].seconds += seconds;
        }
        totals.forEach(({ windows, seconds }, side) => {
          rates[side]!.set(name, windows / seconds);
        });
      }
    } finally {
      for (const { child } of sides) child.kill();
    }
    return rates;
  };
}

interface Total {
  windows: number;
  seconds: number;
}

interface Side {
  readonly child: ChildProcess;
  readonly cases: readonly string[];
  run(order: Order): Promise<Done>;
}

const SIDE = fileURLToPath(new URL("side.js", import.meta.url));

async function startSide(checkout: string, what: string, threads: string): Promise<Side> {
  const child = fork(SIDE, [checkout, what, threads], { cwd: checkout });
  const { cases } = await answer<Ready>(child);
  const run = (order: Order): Promise<Done> => {
    const done = answer<Done>(child);
    child.send(order);
    return done;
  };
  return { child, cases, run };
}

/** The next message of a child. Rejects where it ends instead. */
async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const message = once(child, "message", { signal: ended.signal });
  const onExit = (): void => ended.abort();
  child.once("exit", onExit);
  try {
    const [value] = await message;
    return value as T;
  } catch (cause) {
    throw new Error("One side of the comparison ended before it had measured.", { cause });
  } finally {
    child.off("exit", onExit);
  }
}

const REQUESTS = [
  { windows: 1, connections: 16 },
  { windows: 8, connections: 16 },
  { windows: 1, connections: 1 },
] as const;

/**
 * A service is measured as it is after its first hundred thousand requests: until then, V8 still compiles what serves them,
 * on the same cores, and the more code there is, the longer. The sides take turns at that too, so that neither has rested
 * for long when it is measured.
 */
const FIRST_WARM_UP = { turns: 5, seconds: 3 };
const WARM_UP = { turns: 1, seconds: 1 };
const REQUEST_ALTERNATION = [0, 1, 1, 0] as const;

async function measureRequests(
  checkouts: readonly [string, string],
  modelOf: (checkout: string) => BenchModel,
): Promise<readonly [Rates, Rates]> {
  const rates = [new Map<string, number>(), new Map<string, number>()] as const;
  const models = checkouts.map(modelOf);
  const servers = await Promise.all(
    checkouts.map((checkout, side) =>
      startServer({ RESIDUA_MODELS: models[side]!.models, LOG_LEVEL: "warn" }, checkout),
    ),
  );
  try {
    for (const server of servers) await server.ready();
    const load = (
      side: number,
      { windows, connections }: (typeof REQUESTS)[number],
      seconds: number,
    ): number =>
      runWrk({
        url: `${servers[side]!.url}/v1/models/${BENCH_MODEL}/score`,
        connections,
        seconds,
        body: models[side]!.body(windows),
      }).requestsPerSecond;
    for (const [place, request] of REQUESTS.entries()) {
      const { turns, seconds } = place === 0 ? FIRST_WARM_UP : WARM_UP;
      for (let turn = 0; turn < turns; turn++) {
        for (const side of [0, 1]) load(side, request, seconds);
      }
      const name = `${request.windows} windows a request, ${request.connections} connections`;
      const measured: [number, number] = [0, 0];
      for (const side of REQUEST_ALTERNATION) measured[side] += load(side, request, 1) / 2;
      for (const side of [0, 1] as const) rates[side].set(name, measured[side]);
    }
  } finally {
    for (const server of servers) await server.end();
  }
  return rates;
}
