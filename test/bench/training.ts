/**
 * Windows per second of training on the `wasm` engine, through its public interface: loss, gradients and Adam's step.
 *
 * `npm run -s bench -- training [--json] [--threads N] [--rounds N] [--seconds S] [--shape T,F,U]`
 * The networks are those of the usual comparison: LSTM(U, relu) -> RepeatVector -> LSTM(U, relu) -> Dense(F). The
 * tutorial is 300 epochs of the first of them on one window, the ramp from 0.1 to 0.9.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { Trainer } from "../../src/engine/engine.js";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { initialWeights } from "../../src/network/weights.js";
import { autoencoder } from "./compute/networks.js";

/** Shape, windows of a batch, windows of an epoch. */
const CASES = [
  [[9, 1, 100], 32, 2048],
  [[50, 8, 64], 32, 1024],
  [[10, 8, 100], 32, 2048],
  [[100, 25, 64], 64, 512],
] as const;
const STEP = { learningRate: 1e-3, clipNorm: undefined };

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "1" },
    shape: { type: "string" },
  },
});

/** Trains on the batches of an epoch, over and over, for a time; returns windows per second. */
async function measure(
  trainer: Trainer,
  windows: Float32Array,
  batch: number,
  milliseconds: number,
): Promise<number> {
  const { timesteps, features } = trainer.network;
  const size = batch * timesteps * features;
  let done = 0;
  const begin = performance.now();
  while (performance.now() - begin < milliseconds) {
    const first = (done * timesteps * features) % windows.length;
    const part = windows.subarray(first, first + size);
    const loss = await trainer.step(part, part, batch, STEP);
    if (!Number.isFinite(loss)) throw new Error(`The loss is ${loss} after ${done} windows.`);
    done += batch;
  }
  return (1_000 * done) / (performance.now() - begin);
}

function report(line: object, sentence: string): void {
  console.log(options.json ? JSON.stringify(line) : sentence);
}

const threads = Number(options.threads ?? availableParallelism());
const rounds = Number(options.rounds);
const engine = await createWasmEngine({ threads });

for (const [shape, batch, count] of CASES) {
  if (options.shape !== undefined && options.shape !== shape.join()) continue;
  const [timesteps, features, units] = shape;
  const network = autoencoder(shape, "relu");
  let state = 1;
  const windows = Float32Array.from({ length: count * timesteps * features }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const trainer = await engine.train(network, initialWeights(network, 1), { loss: "mse", seed: 1 });
    await measure(trainer, windows, batch, 200);
    const rate = await measure(trainer, windows, batch, 1_000 * Number(options.seconds));
    await trainer.close();
    // The first round warms up.
    if (round > 0) rates.push(rate);
  }
  const best = Math.max(...rates);
  const windowsPerSecond = Math.round(best);
  const spread = Math.round((100 * (best - Math.min(...rates))) / best) / 100;
  report(
    { shape, batch, threads, windowsPerSecond, spread },
    `T${timesteps} F${features} U${units}, batch ${batch}, ${threads} threads: ${windowsPerSecond} windows/s (-${Math.round(100 * spread)} %)`,
  );
}

if (options.shape === undefined) {
  const network = autoencoder([9, 1, 100], "relu");
  const ramp = Float32Array.from({ length: 9 }, (_, n) => (n + 1) / 10);
  const seconds: number[] = [];
  let loss = 0;
  for (let round = 0; round <= rounds; round++) {
    const trainer = await engine.train(network, initialWeights(network, 1), { loss: "mse", seed: 1 });
    const begin = performance.now();
    for (let epoch = 0; epoch < 300; epoch++) await trainer.step(ramp, ramp, 1, STEP);
    if (round > 0) seconds.push((performance.now() - begin) / 1_000);
    loss = await trainer.evaluate(ramp, 1);
    await trainer.close();
  }
  const best = Math.min(...seconds);
  report(
    { tutorial300EpochsSeconds: Math.round(best * 1e4) / 1e4, loss },
    `the tutorial's 300 epochs: ${best.toFixed(3)} s, loss ${loss.toExponential(2)}`,
  );
}
await engine.close();
