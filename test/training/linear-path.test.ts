import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createWasmEngine } from "../../src/engine/wasm/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { residualNetwork } from "../../src/network/network.js";
import { Random } from "../../src/network/random.js";
import { initialWeights } from "../../src/network/weights.js";
import { createResidualSource, fitLinearPath } from "../../src/training/linear-path.js";
import type { WindowSource } from "../../src/training/window-reader.js";

const TIMESTEPS = 6;
const FEATURES = 2;
const SIZE = TIMESTEPS * FEATURES;

let engine: Awaited<ReturnType<typeof createWasmEngine>>;
before(async () => {
  engine = await createWasmEngine({ threads: 1 });
});
after(() => engine.close());

function sourceOf(windows: Float32Array): WindowSource {
  return {
    count: windows.length / SIZE,
    read: (numbers) =>
      Float32Array.from({ length: numbers.length * SIZE }, (_, i) => {
        return windows[numbers[Math.floor(i / SIZE)]! * SIZE + (i % SIZE)]!;
      }),
  };
}

/** Windows whose two features wander about levels of their own. */
function wandering(count: number): Float32Array {
  const random = new Random(5);
  const levels = Float64Array.from({ length: count * FEATURES }, () => 2 * random.normal());
  return Float32Array.from({ length: count * SIZE }, (_, i) => {
    const level = levels[Math.floor(i / SIZE) * FEATURES + (i % FEATURES)]!;
    return 1 + level + 0.2 * random.normal();
  });
}

test("what is trained on is what the network's own layers leave of a window", async () => {
  const windows = wandering(300);
  const path = fitLinearPath(sourceOf(windows), SIZE, 0.7)!;
  // Two levels that move apart from each other: one component is not enough for 70 %.
  assert.equal(path.components, 2);
  const network = buildNetwork({
    family: "dense",
    timesteps: TIMESTEPS,
    features: FEATURES,
    units: [3],
    activation: "tanh",
    linearPath: path.components,
  });
  const g = residualNetwork(network);
  const own = initialWeights(g, 3);
  const weights = new Map([...own, ...path.weights(network.linearPath!, network)]);
  const whole = await engine.compile(network, weights);
  const alone = await engine.compile(g, own);
  try {
    const count = 20;
    const some = windows.slice(0, count * SIZE);
    const [reconstruction, linear] = (await whole.run(some, count)).heads;
    const left = some.slice();
    path.subtract(left);
    const [rest] = (await alone.run(left, count)).heads;
    left.forEach((r, i) => {
      assert.ok(Math.abs(some[i]! - linear![i]! - r) < 1e-5, `${i}`);
      assert.ok(Math.abs(reconstruction![i]! - linear![i]! - rest![i]!) < 1e-5, `${i}`);
    });
    const variance = (values: Float32Array) => {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    };
    assert.ok(variance(left) < 0.3 * variance(some));
  } finally {
    await whole.close();
    await alone.close();
  }
});

test("beside a corrupted input, the target is what the path of the corrupted one leaves", () => {
  const windows = wandering(100);
  const path = fitLinearPath(sourceOf(windows), SIZE, 0.7)!;
  const target = windows.slice(0, SIZE);
  const input = target.map((x, i) => (i === 3 ? 0 : x));
  const [originalTarget, originalInput] = [target.slice(), input.slice()];
  path.subtract(input, target);
  target.forEach((value, i) => {
    const linear = originalInput[i]! - input[i]!;
    assert.ok(Math.abs(originalTarget[i]! - linear - value) < 1e-5);
  });
});

test("a source of residuals gives them in any order, in memory of its own", () => {
  const windows = wandering(1200);
  const source = sourceOf(windows);
  const path = fitLinearPath(source, SIZE, 0.7)!;
  const residuals = createResidualSource(source, path, SIZE);
  assert.equal(residuals.count, 1200);
  const expected = source.read([1199, 3, 600]);
  path.subtract(expected);
  const read = residuals.read([1199, 3, 600]);
  assert.deepEqual(read, expected);
  read.fill(99);
  assert.deepEqual(residuals.read([1199, 3, 600]), expected);
});

test("windows that do not differ, or of too many values, have no linear path", () => {
  assert.equal(fitLinearPath(sourceOf(new Float32Array(10 * SIZE).fill(3)), SIZE, 0.7), undefined);
  const unread = { count: 1, read: () => assert.fail("read") };
  assert.equal(fitLinearPath(unread, 100_000, 0.7), undefined);
});
