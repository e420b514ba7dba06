/**
 * Windows per second of an engine, compute alone, through its public interface.
 *
 * `npm run -s bench -- engine [--engine wasm|tensorflow|cuda] [--activation relu|tanh] [--batches 1,16,128,512]
 *  [--json] [--threads N] [--rounds N] [--seconds S] [--no-eager]`
 *
 * TensorFlow is measured beside eager tfjs-layers `predict` on the same device, in the same run.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseEngine, type EngineSetting } from "../../src/engine/choose-engine.js";
import { addonEnvironment, addonPaths, builtAddon } from "../../src/engine/tensorflow/addon.js";
import { type AutoencoderTask, measureAutoencoder } from "./compute/autoencoder-rate.js";
import { SHAPES, type Shape } from "./compute/networks.js";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    engine: { type: "string", default: "wasm" },
    activation: { type: "string", default: "relu" },
    batches: { type: "string", default: "1,16,128,512" },
    json: { type: "boolean", default: false },
    threads: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "1" },
    "no-eager": { type: "boolean", default: false },
  },
});
const activation = options.activation === "tanh" ? "tanh" : "relu";
const batches = options.batches.split(",").map(Number);
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];
const threads = Number(options.threads ?? availableParallelism());

const { engine } = await chooseEngine(options.engine as EngineSetting, {
  threads,
  maxBatchWindows: Math.max(...batches),
});
const on = engine.name === "wasm" ? `${threads} threads` : engine.device;
for (const shape of SHAPES) {
  const task = { shape, activation, batches, rounds, seconds } as const;
  const windowsPerSecond: Record<string, number> = {};
  const spread: Record<string, number> = {};
  for (const [batch, rate] of await measureAutoencoder(engine, task)) {
    windowsPerSecond[batch] = Math.round(rate.windowsPerSecond);
    spread[batch] = rate.spread;
  }
  const eager = engine.name === "tensorflow" && !options["no-eager"] ? eagerRates(shape) : undefined;
  const { name, device } = engine;
  if (options.json) {
    console.log(
      JSON.stringify({ shape, activation, engine: name, device, threads, windowsPerSecond, spread, eager }),
    );
    continue;
  }
  const row = batches.map((batch) => {
    const times = eager ? `, ${(windowsPerSecond[batch]! / eager[batch]!).toFixed(1)}x eager` : "";
    return `${batch}: ${windowsPerSecond[batch]} (-${Math.round(100 * spread[batch]!)} %${times})`;
  });
  const [timesteps, features, units] = shape;
  console.log(
    `T${timesteps} F${features} U${units} ${activation}, ${on}, windows/s by batch: ${row.join(", ")}`,
  );
}
await engine.close();

/** Windows per second by batch. */
function eagerRates(shape: Shape): Record<string, number> {
  const paths = addonPaths();
  const addon = builtAddon(paths);
  if (paths === undefined || addon === undefined) throw new Error("the addon is not there any more");
  const task: AutoencoderTask = { shape, activation, batches, rounds: 1, seconds };
  const answer = execFileSync(
    process.execPath,
    [fileURLToPath(new URL("compute/eager.js", import.meta.url)), JSON.stringify(task)],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: addonEnvironment(paths, addon.flavour, process.env),
    },
  );
  return JSON.parse(answer.trim().split("\n").at(-1) ?? "") as Record<string, number>;
}
