/** Networks with a linear path: their answers, whatever the shapes and the way that rows are grouped. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Executable, Outputs } from "../../../src/engine/engine.js";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { InputError } from "../../../src/errors.js";
import { type ArchitectureOptions, buildNetwork } from "../../../src/network/architectures.js";
import { type Network, residualNetwork } from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";
import { someNumbers, someWeights } from "../network-arbitrary.js";
import { runReference } from "../reference-network.js";

const engines = await Promise.all([1, 2].map((threads) => createWasmEngine({ threads })));
const [single, pair] = engines as [(typeof engines)[0], (typeof engines)[0]];
after(() => Promise.all(engines.map((engine) => engine.close())));

/**
 * Widths that are whole vectors and others; a g that gives its steps one after the other (dense) or apart (LSTM); a window
 * as long as a day of five minutes.
 */
const SHAPES: readonly ArchitectureOptions[] = [
  { family: "reconstruction", timesteps: 5, features: 3, units: [7], activation: "tanh", linearPath: 2 },
  { family: "reconstruction", timesteps: 4, features: 18, units: [4], activation: "relu", linearPath: 9 },
  { family: "dense", timesteps: 7, features: 3, units: [5, 2], activation: "tanh", linearPath: 21 },
  { family: "stacked", timesteps: 8, features: 4, units: [6], activation: "relu", linearPath: 1 },
  { family: "dense", timesteps: 1, features: 1, units: [1], activation: "tanh", linearPath: 1 },
  { family: "reconstruction", timesteps: 288, features: 1, units: [12], activation: "tanh", linearPath: 20 },
];
/** Each with a g that reads what the path leaves, and with one that reads the window. */
const READS = ["residual", "window"] as const;

async function compiled(
  network: Network,
  weights: Weights,
  use: (executable: Executable) => Promise<void>,
): Promise<void> {
  const executable = await pair.compile(network, weights);
  await use(executable);
  await executable.close();
}

const allOf = ({ heads, embedding }: Outputs): Float32Array[] => [...heads, embedding];

for (const [options, reads] of SHAPES.flatMap((shape) => READS.map((reads) => [shape, reads] as const))) {
  const { family, timesteps, features, linearPath } = options;
  const network = buildNetwork(reads === "window" ? { ...options, encoderReads: reads } : options);
  const what = `${family} T${timesteps} F${features} k${linearPath}, reading the ${reads}`;
  const weights = someWeights(network, 5);
  const size = timesteps * features;

  test(`${what}, answers as float64 does`, async () => {
    const count = 41;
    const windows = someNumbers(6, count * size);
    await compiled(network, weights, async (executable) => {
      const outputs = await executable.run(windows, count);
      for (let n = 0; n < count; n++) {
        const wanted = runReference(network, weights, windows.subarray(n * size, (n + 1) * size));
        [...wanted.heads, wanted.embedding].forEach((numbers, output) => {
          numbers.forEach((value, i) => {
            const got = allOf(outputs)[output]![n * numbers.length + i]!;
            const error = Math.abs(got - value) / Math.max(1, Math.abs(value));
            assert.ok(error <= 1e-5, `window ${n}, output ${output}, number ${i}: ${got}, not ${value}`);
          });
        });
      }
    });
  });

  test(`${what}: every way of grouping rows gives the same bits`, async () => {
    const windows = someNumbers(2, 45 * size);
    const own = await single.compile(network, weights);
    await compiled(network, weights, async (executable) => {
      const all = allOf(await executable.run(windows, 45));
      for (let count = 1; count <= 45; count++) {
        for (const each of [executable, own]) {
          const some = allOf(await each.run(windows, count));
          some.forEach((numbers, output) => {
            assert.deepEqual(numbers, all[output]!.slice(0, numbers.length), `${count} rows`);
          });
        }
      }
    });
    await own.close();
  });

  test(`${what}: g runs on it alone, to the bit`, async () => {
    const count = 9;
    const windows = someNumbers(3, count * size);
    await compiled(network, weights, async (executable) => {
      const { heads, embedding } = await executable.run(windows, count);
      const [reconstruction, linear] = heads as [Float32Array, Float32Array];
      const read = reads === "window" ? windows : windows.map((value, i) => value - linear[i]!);
      await compiled(residualNetwork(network), weights, async (g) => {
        const alone = await g.run(read, count);
        assert.deepEqual(embedding, alone.embedding);
        assert.deepEqual(
          reconstruction,
          alone.heads[0]!.map((value, i) => value + linear[i]!),
        );
      });
    });
  });
}

test("a projection leaves nothing of a window that is its own component", async () => {
  const network = buildNetwork(SHAPES[0]!);
  const weights = new Map(someWeights(network, 1));
  const put = (name: string, values: readonly number[]): void => {
    weights.set(name, { shape: weights.get(name)!.shape, data: Float32Array.from(values) });
  };
  // Components: the first and the last reading. The mean is 2 throughout.
  const rows = Array.from({ length: 15 }, (_, i) => [Number(i === 0), Number(i === 14)]);
  put("linear_project/kernel", rows.flat());
  put("linear_project/bias", [-2, -2]);
  put("linear_expand/kernel", [...rows.map(([first]) => first!), ...rows.map(([, last]) => last!)]);
  put("linear_expand/bias", Array(15).fill(2));
  await compiled(network, weights, async (executable) => {
    const window = new Float32Array(15).fill(2);
    window[0] = 7;
    window[14] = -3;
    const { heads } = await executable.run(window, 1);
    assert.deepEqual(heads[1], window);
    window[5] = 4;
    assert.equal((await executable.run(window, 1)).heads[1]![5], 2);
  });
});

test("a trainer refuses a network that reads what a linear path leaves, and takes what is beside it", async () => {
  const network = buildNetwork(SHAPES[2]!);
  const weights = someWeights(network, 1);
  await assert.rejects(
    single.train(network, weights, { loss: "mse", seed: 1 }),
    (error) =>
      error instanceof InputError && /is trained without the path: residualNetwork/.test(error.message),
  );
  const g = residualNetwork(network);
  const trainer = await single.train(g, someWeights(g, 1), { loss: "mse", seed: 1 });
  assert.ok(Number.isFinite(await trainer.evaluate(someNumbers(1, 21), 1)));
});
