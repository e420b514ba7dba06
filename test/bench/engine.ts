/**
 * Windows per second of an engine, compute alone, through its public interface.
 *
 * `npm run -s bench -- engine [--engine wasm|tensorflow|cuda] [--activation relu|tanh] [--batches 1,16,128,512]
 *  [--json] [--threads N] [--rounds N] [--seconds S] [--no-eager] [--wide auto|off|both]`
 *
 * The wasm engine is measured with 128-bit and then, where they are supported, with 256-bit vectors (`--wide both`);
 * with --json as the service runs it (`--wide auto`).
 * TensorFlow is measured beside eager tfjs-layers `predict` on the same device, in the same run.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseEngine, type EngineSetting } from "../../src/engine/choose-engine.js";
import type { Engine } from "../../src/engine/engine.js";
import { addonEnvironment, addonPaths, builtAddon } from "../../src/engine/tensorflow/addon.js";
import { WasmEngine } from "../../src/engine/wasm/engine.js";
import type { WideVectors } from "../../src/engine/wasm/wide-vectors.js";
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
    wide: { type: "string" },
  },
});
const activation = options.activation === "tanh" ? "tanh" : "relu";
const batches = options.batches.split(",").map(Number);
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];
const threads = Number(options.threads ?? availableParallelism());

const measured = new Set<number | undefined>();
for (const wideVectors of wideSettings()) {
  const { engine } = await chooseEngine(options.engine as EngineSetting, {
    threads,
    maxBatchWindows: Math.max(...batches),
    wideVectors,
  });
  // Where wide vectors are not supported, both settings are the same.
  if (!measured.has(bitsOf(engine))) await measure(engine);
  measured.add(bitsOf(engine));
  await engine.close();
}

/** The settings to measure. Narrow vectors come first, since wide ones are turned on for the whole process. */
function wideSettings(): readonly WideVectors[] {
  const wide = options.wide ?? (options.json ? "auto" : "both");
  if (options.engine !== "wasm") return ["auto"];
  if (wide === "both") return ["off", "auto"];
  if (wide === "off" || wide === "auto") return [wide];
  throw new Error(`--wide is auto, off or both, not ${wide}.`);
}

/** Bits of the wasm engine's vectors; other engines have none. */
function bitsOf(engine: Engine): number | undefined {
  return engine instanceof WasmEngine ? engine.vectorBits : undefined;
}

async function measure(engine: Engine): Promise<void> {
  const vectorBits = bitsOf(engine);
  const on = engine.name === "wasm" ? `${threads} threads, ${vectorBits}-bit vectors` : engine.device;
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
        JSON.stringify({
          shape,
          activation,
          engine: name,
          device,
          threads,
          vectorBits,
          windowsPerSecond,
          spread,
          eager,
        }),
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
}

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
