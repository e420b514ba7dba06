/**
 * One side of a comparison of engines: a process that holds one checkout's engine, and measures for as long as it is told
 * to. The other side's process waits meanwhile, so that both can be measured in turn within a fraction of a second: on a
 * machine that others use, how fast it is changes from one second to the next.
 *
 *     node side.js CHECKOUT engine|training THREADS
 *
 * Only what has kept its name and place since before this file is imported from the checkout.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Engine, TrainingEngine } from "../../../src/engine/engine.js";
import { SHAPES, type Shape, someWindows } from "../compute/networks.js";

/** What the parent asks for: run one case for so many milliseconds. */
export interface Order {
  readonly case: string;
  readonly milliseconds: number;
}

/** Sent once at the start, when every case is ready to run. */
export interface Ready {
  readonly cases: readonly string[];
}

/** The answer to an order. */
export interface Done {
  readonly windows: number;
  readonly seconds: number;
}

type Run = { readonly windows: number; readonly once: () => Promise<unknown> };

const BATCHES = [1, 16, 128];
const TRAINING_BATCH = 32;
const STEP = { learningRate: 1e-3, clipNorm: undefined };

const [checkout = "", what, threads] = process.argv.slice(2);

// biome-ignore lint/suspicious/noExplicitAny: of a checkout of another time, whose types are not known here
const load = (file: string): Promise<any> =>
  import(pathToFileURL(join(checkout, "dist", "src", ...file.split("/"))).href);
const { createWasmEngine } = await load("engine/wasm/engine.js");
const { buildNetwork } = await load("network/architectures.js");
const { initialWeights } = await load("network/weights.js");
const engine: Engine & TrainingEngine = await createWasmEngine({ threads: Number(threads) });

const runs = new Map<string, Run>();
for (const shape of SHAPES) {
  const [timesteps, features, units] = shape;
  const network = buildNetwork({
    family: "reconstruction",
    timesteps,
    features,
    units: [units],
    activation: "relu",
  });
  const weights = initialWeights(network, 1);
  if (what === "training") {
    const trainer = await engine.train(network, weights, { loss: "mse", seed: 1 });
    const windows = someWindows(TRAINING_BATCH, shape);
    const once = (): Promise<unknown> => trainer.step(windows, windows, TRAINING_BATCH, STEP);
    runs.set(nameOf(shape, TRAINING_BATCH), { windows: TRAINING_BATCH, once });
    continue;
  }
  const executable = await engine.compile(network, weights);
  for (const batch of BATCHES) {
    const windows = someWindows(batch, shape);
    runs.set(nameOf(shape, batch), { windows: batch, once: () => executable.run(windows, batch) });
  }
}

process.on("message", async (order: Order) => {
  const { windows, once } = runs.get(order.case)!;
  const begin = performance.now();
  let count = 0;
  let now = begin;
  while (now - begin < order.milliseconds) {
    await once();
    count++;
    now = performance.now();
  }
  process.send!({ windows: count * windows, seconds: (now - begin) / 1_000 } satisfies Done);
});
process.send!({ cases: [...runs.keys()] } satisfies Ready);

function nameOf([timesteps, features, units]: Shape, batch: number): string {
  return `T${timesteps} F${features} U${units}, ${batch} at once`;
}
