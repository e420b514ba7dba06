/** The forward pass against float64, and against itself: batched, alone, on any number of threads. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import type { Outputs } from "../../../src/engine/engine.js";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { type Activation, type Network, weightShapes, windowSize } from "../../../src/network/network.js";
import { networks, someNumbers, someWeights } from "../network-arbitrary.js";
import { runReference } from "../reference-network.js";

const engines = await Promise.all([1, 2, 3].map((threads) => createWasmEngine({ threads })));
const [single, pair] = engines as [(typeof engines)[0], (typeof engines)[0]];
after(() => Promise.all(engines.map((engine) => engine.close())));

/** |a - b| <= tolerance max(1, |b|) for every output of every window that is looked at. */
function assertClose(
  network: Network,
  weights: ReturnType<typeof someWeights>,
  windows: Float32Array,
  looked: readonly number[],
  outputs: Outputs,
  tolerance = 1e-5,
): void {
  const size = windowSize(network);
  for (const n of looked) {
    const wanted = runReference(network, weights, windows.subarray(n * size, (n + 1) * size));
    [wanted.embedding, ...wanted.heads].forEach((numbers, output) => {
      const got = output === 0 ? outputs.embedding : outputs.heads[output - 1]!;
      numbers.forEach((value, i) => {
        const number = got[n * numbers.length + i]!;
        assert.ok(
          Math.abs(number - value) <= tolerance * Math.max(1, Math.abs(value)),
          `window ${n}, output ${output}, number ${i}: ${number} instead of ${value}`,
        );
      });
    });
  }
}

function autoencoder(
  timesteps: number,
  features: number,
  units: number,
  activation: Activation = "tanh",
): Network {
  return buildNetwork({ family: "reconstruction", timesteps, features, units: [units], activation });
}

test("any network answers as float64 does", async () => {
  await fc.assert(
    fc.asyncProperty(networks, fc.integer({ min: 1, max: 13 }), fc.nat(), async (network, count, seed) => {
      const weights = someWeights(network, seed);
      const windows = someNumbers(seed + 1, count * windowSize(network));
      const executable = await pair.compile(network, weights);
      assertClose(network, weights, windows, [...Array(count).keys()], await executable.run(windows, count));
      await executable.close();
    }),
    { numRuns: 150 },
  );
});

for (const [timesteps, features, units, activation] of [
  [9, 1, 100, "relu"],
  [2, 38, 37, "tanh"],
  [5, 25, 130, "relu"],
  [3, 130, 1, "sigmoid"],
] as const) {
  test(`T${timesteps} F${features} U${units} ${activation} answers as float64 does`, async () => {
    const network = autoencoder(timesteps, features, units, activation);
    const weights = someWeights(network, 5);
    const windows = someNumbers(6, 93 * timesteps * features);
    const executable = await pair.compile(network, weights);
    assertClose(network, weights, windows, [0, 1, 46, 92], await executable.run(windows, 93));
    await executable.close();
  });
}

test("a window of 1,000 timesteps answers as float64 does", async () => {
  const network = autoencoder(1_000, 2, 12);
  const weights = someWeights(network, 8);
  const windows = someNumbers(9, 3 * 2_000);
  const executable = await pair.compile(network, weights);
  assertClose(network, weights, windows, [0, 2], await executable.run(windows, 3));
  await executable.close();
});

test("a dense layer over 100,000 numbers answers as float64 does", async () => {
  const network = buildNetwork({
    family: "dense",
    timesteps: 1_000,
    features: 100,
    units: [3],
    activation: "tanh",
  });
  const weights = someWeights(network, 3);
  const windows = someNumbers(4, 5 * 100_000);
  const executable = await pair.compile(network, weights);
  assertClose(network, weights, windows, [0, 4], await executable.run(windows, 5));
  await executable.close();
});

test("bitwise the same batched, alone, and on any number of threads", async () => {
  await fc.assert(
    fc.asyncProperty(networks, fc.integer({ min: 1, max: 130 }), fc.nat(), async (network, count, seed) => {
      const weights = someWeights(network, seed);
      const size = windowSize(network);
      const windows = someNumbers(seed + 1, count * size);
      const executables = await Promise.all(engines.map((engine) => engine.compile(network, weights)));
      const all = await Promise.all(executables.map((executable) => executable.run(windows, count)));
      for (const other of all.slice(1)) assert.deepEqual(other, all[0]);
      const n = seed % count;
      const alone = await executables[0]!.run(windows.subarray(n * size, (n + 1) * size), 1);
      [all[0]!.embedding, ...all[0]!.heads].forEach((numbers, output) => {
        const each = numbers.length / count;
        const got = output === 0 ? alone.embedding : alone.heads[output - 1]!;
        assert.deepEqual(got, numbers.slice(n * each, (n + 1) * each));
      });
      await Promise.all(executables.map((executable) => executable.close()));
    }),
    { numRuns: 60 },
  );
});

test("every way of grouping rows gives the same bits", async () => {
  for (const units of [36, 37]) {
    const network = autoencoder(4, 3, units, "relu");
    const executable = await single.compile(network, someWeights(network, 1));
    const windows = someNumbers(2, 45 * 12);
    const all = await executable.run(windows, 45);
    for (let count = 1; count <= 45; count++) {
      const some = await executable.run(windows, count);
      assert.deepEqual(some.heads[0], all.heads[0]!.slice(0, count * 12), `${count} rows`);
      assert.deepEqual(some.embedding, all.embedding.slice(0, count * units), `${count} rows`);
    }
    await executable.close();
  }
});

test("a run larger than one job's memory is the same as its parts", async () => {
  const network = autoencoder(200, 30, 1);
  const executable = await pair.compile(network, someWeights(network, 1));
  const windows = someNumbers(2, 2_000 * 6_000);
  const all = await executable.run(windows, 2_000);
  const last = await executable.run(windows.subarray(1_999 * 6_000), 1);
  assert.deepEqual(last.heads[0], all.heads[0]!.slice(1_999 * 6_000));
  const { heldBytes } = pair.heap;
  await executable.close();
  assert.ok(pair.heap.heldBytes < heldBytes);
});

test("what overflows is not finite, and touches no other window", async () => {
  const network = autoencoder(6, 1, 5, "relu");
  // Growing without bound where the input is positive; shut where it is negative.
  const weights = new Map(
    [...weightShapes(network)].map(([name, shape]) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: new Float32Array(length).fill(name.endsWith("bias") ? 0 : 1e10) }];
    }),
  );
  const executable = await pair.compile(network, weights);
  const windows = new Float32Array(12).fill(1e10, 0, 6).fill(-1e10, 6);
  const { heads, embedding } = await executable.run(windows, 2);
  assert.ok(embedding.slice(0, 5).every((value) => !Number.isFinite(value)));
  assert.ok(heads[0]!.slice(0, 6).every((value) => !Number.isFinite(value)));
  assert.ok(heads[0]!.slice(6).every((value) => value === 0));
  await executable.close();
});

test("weights that do not fit, and counts that make no sense, are refused", async () => {
  const network = autoencoder(4, 2, 3);
  const weights = someWeights(network, 1);
  await assert.rejects(
    single.compile(network, new Map([...weights].slice(1))),
    /Weight "encoder_1\/kernel" is missing/,
  );
  const wrong = new Map(weights).set("encoder_1/bias", { shape: [11], data: new Float32Array(11) });
  await assert.rejects(single.compile(network, wrong), /"encoder_1\/bias" has shape \[11\].*\[12\]/);
  const executable = await single.compile(network, weights);
  for (const count of [0, -1, 1.5, Number.NaN, 3]) {
    await assert.rejects(executable.run(new Float32Array(16), count), RangeError);
  }
  await executable.close();
  await assert.rejects(executable.run(new Float32Array(8), 1), { code: "MODEL_NOT_READY" });
});

test("200 models published and swapped use no more memory than the first", async () => {
  const { heap } = single;
  let size = 0;
  const held = heap.heldBytes;
  let old = await single.compile(autoencoder(9, 1, 20), someWeights(autoencoder(9, 1, 20), 1));
  for (let n = 0; n < 200; n++) {
    const network = autoencoder(9, 1, 17 + (n % 8));
    const next = await single.compile(network, someWeights(network, n));
    const run = next.run(someNumbers(n, 9 * 8), 8);
    await old.close();
    await run;
    old = next;
    if (n === 20) size = heap.sizeBytes;
  }
  await old.close();
  assert.equal(heap.sizeBytes, size);
  assert.equal(heap.heldBytes, held);
});
