/** Runs seeds of the chaos test on a thread of its own, without what the test runner hooks into every promise. */
import { parentPort, workerData } from "node:worker_threads";
import { makeBundles } from "./chaos-bundles.js";
import { ChaosWorld } from "./chaos-world.js";
import { SimulatedFiles } from "./simulated-files.js";

export interface Seeds {
  readonly first: number;
  /** Not among them. */
  readonly end: number;
}

export interface Outcome {
  readonly answered: number;
  readonly refused: number;
  /** The first seed that failed, why, and what happened in it. */
  readonly failed?: { readonly seed: number; readonly why: string; readonly trace: readonly string[] };
}

const ACTIONS = 20;

async function run({ first, end }: Seeds): Promise<Outcome> {
  const bundles = await makeBundles();
  const files = new SimulatedFiles();
  files.install();
  let world: ChaosWorld | undefined;
  // Real time passes between two steps, too; what waits for it waits for the simulated one.
  const setTimer = (task: () => void, delayMs: number) => world?.setTimer(task, delayMs);
  const clearTimer = (cancel: (() => void) | undefined): void => cancel?.();
  Object.assign(globalThis, { setTimeout: setTimer, clearTimeout: clearTimer });
  // Thousands of errors are thrown on purpose.
  if (end - first > 1) Error.stackTraceLimit = 2;
  let answered = 0;
  let refused = 0;
  for (let seed = first; seed < end; seed++) {
    world = new ChaosWorld(seed, files, bundles);
    try {
      await world.run(ACTIONS);
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { answered, refused, failed: { seed, why, trace: world.trace } };
    }
    answered += world.answered;
    refused += world.refused;
  }
  return { answered, refused };
}

parentPort?.postMessage(await run(workerData as Seeds));
