/** The graphs say what Keras and the reference network say, whatever way they are written: no TensorFlow is needed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { graphOutputs, lowerNetwork } from "../../../src/engine/tensorflow/graph.js";
import { cudnnRuns } from "../../../src/engine/tensorflow/graph-cudnn.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { descriptionOf } from "../../../src/network/layers/layers.js";
import {
  inputWidth,
  type Layer,
  layersWithShapes,
  type Network,
  windowSize,
} from "../../../src/network/network.js";
import type { Weights } from "../../../src/network/weights.js";
import { initialWeights } from "../../../src/network/weights.js";
import { GOLDEN_CASES, readGoldenCase } from "../golden.js";
import { networks, someNumbers, someWeights } from "../network-arbitrary.js";
import { runReference } from "../reference-network.js";
import type { Interpretation } from "./graph-interpreter.js";
import { interpret } from "./graph-interpreter.js";

interface Way {
  readonly program: "compiled" | "plain";
  readonly blockSteps: number;
}
const WAYS: readonly Way[] = [
  { program: "compiled", blockSteps: 1 },
  { program: "plain", blockSteps: 3 },
  { program: "compiled", blockSteps: 100 },
];

function run(
  network: Network,
  weights: Weights,
  windows: ArrayLike<number>,
  count: number,
  { program, blockSteps }: Way,
): Interpretation {
  const other = program === "plain" ? "compiled" : "plain";
  const graph = lowerNetwork(network, weights, { [program]: { blockSteps }, [other]: { blockSteps: 1 } });
  const value = { shape: [count, network.timesteps, inputWidth(network)], data: Array.from(windows) };
  return interpret(
    graph,
    value,
    program,
    graphOutputs(network).map(({ name }) => name),
  );
}

function assertNear(got: readonly number[], want: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(got.length, want.length, what);
  got.forEach((value, i) => {
    const error = Math.abs(value - want[i]!) / Math.max(1, Math.abs(want[i]!));
    assert.ok(error <= tolerance, `${what}, number ${i}: ${value} instead of ${want[i]}`);
  });
}

for (const name of GOLDEN_CASES) {
  for (const way of WAYS) {
    const how = `${way.program}, blocks of ${way.blockSteps}`;
    test(`the graph of ${name} answers as Keras does (${how})`, () => {
      const golden = readGoldenCase(name);
      const { outputs } = run(golden.network, golden.weights, golden.windows, golden.count, way);
      golden.outputs.forEach((expected, head) => {
        const value = outputs.get(`head_${head}`)!;
        const { steps } = golden.network.heads[head]!;
        assert.deepEqual(value.shape, [golden.count, steps, golden.network.features]);
        assertNear(value.data, expected, 1e-6, `head ${head}`);
      });
    });
  }
}

/** The small networks again, with the one activation that cuDNN has. */
const ofCudnn = networks
  .map((network): Network => {
    const layers = (all: readonly Layer[]): Layer[] =>
      all.map((layer) =>
        layer.kind === "lstm" || layer.kind === "gru"
          ? { ...layer, activation: "tanh", recurrentActivation: "sigmoid" }
          : layer,
      );
    const heads = network.heads.map((head) => ({ ...head, layers: layers(head.layers) }));
    return { ...network, encoder: layers(network.encoder), heads };
  })
  .filter(cudnnRuns);

test("recurrent layers as ops of cuDNN say what the reference network says", () => {
  const agree = (network: Network, count: number, seed: number): void => {
    const size = windowSize(network);
    const weights = someWeights(network, seed);
    const windows = someNumbers(seed, count * size);
    const value = { shape: [count, network.timesteps, inputWidth(network)], data: Array.from(windows) };
    const outputs = graphOutputs(network);
    const names = outputs.map(({ name }) => name);
    const graph = lowerNetwork(network, weights, { plain: "cudnn" });
    const answer = interpret(graph, value, "plain", names);
    const recurrent = layersWithShapes(network).filter(({ layer }) => descriptionOf(layer).isRecurrent);
    assert.equal(answer.ops.get("CudnnRNNV3"), recurrent.length);
    for (let n = 0; n < count; n++) {
      const want = runReference(network, weights, windows.slice(n * size, (n + 1) * size));
      [...want.heads, want.embedding].forEach((expected, i) => {
        const got = answer.outputs.get(names[i]!)!.data.slice(n * expected.length, (n + 1) * expected.length);
        assertNear(got, expected, 1e-5, `${names[i]} of window ${n}`);
      });
    }
  };
  fc.assert(fc.property(ofCudnn, fc.integer({ min: 1, max: 3 }), fc.nat(), agree), { numRuns: 60 });
});

for (const name of GOLDEN_CASES.filter((name) => cudnnRuns(readGoldenCase(name).network))) {
  test(`the graph of ${name} answers as Keras does (cuDNN)`, () => {
    const { network, weights, windows, count, outputs } = readGoldenCase(name);
    const value = { shape: [count, network.timesteps, network.features], data: Array.from(windows) };
    const graph = lowerNetwork(network, weights, { plain: "cudnn" });
    const answer = interpret(graph, value, "plain", ["head_0"]).outputs.get("head_0")!;
    assertNear(answer.data, outputs[0]!, 1e-6, "head 0");
  });
}

test("the graph of any network says what the reference network says, embedding too", () => {
  fc.assert(
    fc.property(
      networks,
      fc.constantFrom(...WAYS),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(),
      (network, way, count, seed) => {
        const size = windowSize(network);
        const weights = someWeights(network, seed);
        const windows = someNumbers(seed, count * size);
        const { outputs } = run(network, weights, windows, count, way);
        for (let n = 0; n < count; n++) {
          const want = runReference(network, weights, windows.slice(n * size, (n + 1) * size));
          const expected = [...want.heads, want.embedding];
          graphOutputs(network).forEach(({ name }, i) => {
            const length = expected[i]!.length;
            const got = outputs.get(name)!.data.slice(n * length, (n + 1) * length);
            // The slope of Keras 3's hard sigmoid, 1/6, is a float32 in the graph.
            assertNear(got, expected[i]!, 1e-5, `${name} of window ${n}`);
          });
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("the encoder reads the first inputSteps rows alone", () => {
  const network = buildNetwork({
    family: "composite",
    timesteps: 4,
    horizon: 2,
    features: 2,
    units: [3],
    activation: "tanh",
  });
  const weights = initialWeights(network, 1);
  const windows = Array.from({ length: network.timesteps * 2 }, (_, i) => Math.sin(i));
  const changed = windows.map((value, i) => (i < network.inputSteps * 2 ? value : 99));
  const [first, second] = [windows, changed].map((values) => run(network, weights, values, 1, WAYS[0]!));
  assert.equal(network.timesteps, 6);
  assert.deepEqual(first!.outputs, second!.outputs);
});

test("nothing is multiplied twice: one input projection, a repeated input once, no zero state", () => {
  const [timesteps, features, units, count] = [9, 2, 5, 3];
  const network = buildNetwork({
    family: "reconstruction",
    timesteps,
    features,
    units: [units],
    activation: "relu",
  });
  const windows = new Float32Array(count * timesteps * features).fill(0.5);
  const gates = 4 * units;
  const recurrence = (timesteps - 1) * units * gates;
  const perWindow =
    timesteps * features * gates + recurrence + units * gates + recurrence + timesteps * units * features;
  for (const way of WAYS) {
    const { multiplyAdds, ops } = run(network, initialWeights(network, 1), windows, count, way);
    assert.equal(multiplyAdds, count * perWindow, `blocks of ${way.blockSteps}`);
    const isLooped = way.blockSteps < timesteps / 2;
    assert.equal(ops.get("StatelessWhile") ?? 0, isLooped ? 2 : 0);
    assert.equal(ops.get("PartitionedCall") ?? 0, way.program === "compiled" ? 1 : 0);
  }
});

test("a layer's name may be anything", () => {
  const network: Network = {
    timesteps: 1,
    inputSteps: 1,
    features: 1,
    encoder: [{ kind: "flatten", name: "ä b/c:0" }],
    heads: [
      {
        name: "reconstruction",
        start: 0,
        steps: 1,
        reversed: false,
        layers: [
          { kind: "dense", name: "^ä 1", units: 1, activation: "linear" },
          { kind: "dense", name: "^ö 1", units: 1, activation: "linear" },
          { kind: "reshape", name: "::", shape: [1, 1] },
        ],
      },
    ],
  };
  const one = { shape: [1], data: new Float32Array([1]) };
  const weights = new Map(
    ["^ä 1", "^ö 1"].flatMap((name) => [
      [`${name}/kernel`, { shape: [1, 1], data: new Float32Array([3]) }],
      [`${name}/bias`, one],
    ]),
  );
  const { outputs } = run(network, weights, [2], 1, WAYS[0]!);
  assert.deepEqual(outputs.get("head_0")?.data, [(2 * 3 + 1) * 3 + 1]);
});
