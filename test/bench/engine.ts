/**
 * Windows per second of the `wasm` engine, compute alone, through its public interface.
 *
 * `npm run -s bench -- engine [--json] [--threads N] [--rounds N] [--seconds S]`
 * The networks are those of the usual comparison: LSTM(U, relu) -> RepeatVector -> LSTM(U, relu) -> Dense(F).
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { type Network, weightShapes } from "../../src/network/network.js";
import type { Weights } from "../../src/network/weights.js";

const SHAPES = [
  [9, 1, 100],
  [50, 8, 64],
  [100, 25, 64],
] as const;
const BATCHES = [1, 16, 128, 512] as const;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "1" },
  },
});

function autoencoder(timesteps: number, features: number, units: number): Network {
  const lstm = { kind: "lstm", units, activation: "relu", recurrentActivation: "sigmoid" } as const;
  return {
    timesteps,
    inputSteps: timesteps,
    features,
    encoder: [{ ...lstm, name: "encoder", returnSequences: false }],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: timesteps,
        reversed: false,
        layers: [
          { kind: "repeatVector", name: "repeat", times: timesteps },
          { ...lstm, name: "decoder", returnSequences: true },
          { kind: "timeDistributedDense", name: "output", units: features, activation: "linear" },
        ],
      },
    ],
  };
}

/** Weights of a trained model's size; the speed does not depend on their values. */
function someWeights(network: Network): Weights {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.28;
  };
  return new Map(
    [...weightShapes(network)].map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: Float32Array.from({ length }, next) }];
    }),
  );
}

const threads = Number(options.threads ?? availableParallelism());
const engine = await createWasmEngine({ threads });
for (const shape of SHAPES) {
  const [timesteps, features, units] = shape;
  const network = autoencoder(timesteps, features, units);
  const executable = await engine.compile(network, someWeights(network));
  const windowsPerSecond: Record<string, number> = {};
  const spread: Record<string, number> = {};
  for (const batch of BATCHES) {
    const windows = Float32Array.from(
      { length: batch * timesteps * features },
      (_, i) => ((i * 37) % 101) / 101,
    );
    const rates: number[] = [];
    for (let round = 0; round < Number(options.rounds) + 1; round++) {
      const milliseconds = round === 0 ? 300 : Number(options.seconds) * 1_000;
      const begin = performance.now();
      let runs = 0;
      while (performance.now() - begin < milliseconds) {
        await executable.run(windows, batch);
        runs++;
      }
      // The first round warms up.
      if (round > 0) rates.push((runs * batch * 1_000) / (performance.now() - begin));
    }
    const best = Math.max(...rates);
    windowsPerSecond[batch] = Math.round(best);
    spread[batch] = Math.round((100 * (best - Math.min(...rates))) / best) / 100;
  }
  await executable.close();
  if (options.json) console.log(JSON.stringify({ shape, threads, windowsPerSecond, spread }));
  else {
    const row = BATCHES.map(
      (batch) => `${batch}: ${windowsPerSecond[batch]} (-${Math.round(100 * spread[batch]!)} %)`,
    );
    console.log(
      `T${timesteps} F${features} U${units}, ${threads} threads, windows/s by batch: ${row.join(", ")}`,
    );
  }
}
await engine.close();
