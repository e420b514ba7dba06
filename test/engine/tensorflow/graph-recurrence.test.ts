/** Recurrences as graphs answer as plain loops do, however they are cut into blocks, for every cell. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Result, Scope } from "../../../src/engine/tensorflow/graph-builder.js";
import { gruCell } from "../../../src/engine/tensorflow/graph-gru.js";
import { lstmCell } from "../../../src/engine/tensorflow/graph-lstm.js";
import { type Cell, lowerRecurrence } from "../../../src/engine/tensorflow/graph-recurrence.js";
import { writeSavedModel } from "../../../src/engine/tensorflow/saved-model.js";
import { someNumbers } from "../network-arbitrary.js";
import { interpret } from "./graph-interpreter.js";

type Kind = "lstm" | "gru";
interface Case {
  readonly kind: Kind;
  readonly steps: number;
  readonly inputs: number;
  readonly units: number;
  readonly count: number;
  readonly repeated: boolean;
  readonly returnSequences: boolean;
  readonly blockSteps: number;
  readonly seed: number;
}
interface Numbers {
  /** [steps][count][inputs] */
  readonly x: Float32Array;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  readonly recurrentKernel: Float32Array;
  readonly recurrentBias: Float32Array;
}

const GATES: Readonly<Record<Kind, number>> = { lstm: 4, gru: 3 };
const cases: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom<Kind>("lstm", "gru"),
  steps: fc.integer({ min: 1, max: 12 }),
  inputs: fc.integer({ min: 1, max: 3 }),
  units: fc.integer({ min: 1, max: 4 }),
  count: fc.integer({ min: 1, max: 3 }),
  repeated: fc.boolean(),
  returnSequences: fc.boolean(),
  blockSteps: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(),
});

function numbersOf({ kind, steps, inputs, units, count, seed }: Case): Numbers {
  const width = GATES[kind] * units;
  return {
    x: someNumbers(seed, steps * count * inputs),
    kernel: someNumbers(seed + 1, inputs * width),
    bias: someNumbers(seed + 2, width),
    recurrentKernel: someNumbers(seed + 3, units * width),
    recurrentBias: someNumbers(seed + 4, width),
  };
}

function cellOf({ kind, units, returnSequences }: Case, scope: Scope, numbers: Numbers): Cell {
  const width = GATES[kind] * units;
  const kernel = scope.constant("float", [units, width], numbers.recurrentKernel);
  const settings = { units, activation: "tanh", recurrentActivation: "sigmoid" } as const;
  if (kind === "lstm") return lstmCell({ kind: "lstm", name: "layer", returnSequences, ...settings }, kernel);
  return gruCell(settings, kernel, scope.constant("float", [width], numbers.recurrentBias));
}

/** [steps * count, units] or [count, units], computed by the graph. */
function graphAnswer(one: Case, numbers: Numbers): readonly number[] {
  const { kind, steps, inputs, units, repeated, returnSequences, blockSteps } = one;
  const width = GATES[kind] * units;
  const scope = new Scope([], false);
  const attributes = { dtype: { type: "float" }, shape: { shape: [-1, inputs] } } as const;
  const rows: Result = scope.add({ op: "Placeholder", output: "output", type: "float", attributes }, []);
  const layer = {
    name: "layer",
    returnSequences,
    kernel: scope.constant("float", [inputs, width], numbers.kernel),
    bias: scope.constant("float", [width], numbers.bias),
    cell: cellOf(one, scope, numbers),
    before: undefined,
  };
  const { output: result } = lowerRecurrence(scope, layer, { rows, repeated, steps }, blockSteps);
  const graph = writeSavedModel(scope, [
    {
      name: "plain",
      input: { name: "windows", result: rows, shape: [-1, inputs] },
      outputs: [{ name: "states", result, shape: [-1, units] }],
    },
  ]);
  const x = repeated ? numbers.x.slice(0, one.count * inputs) : numbers.x;
  const value = { shape: [x.length / inputs, inputs], data: Array.from(x) };
  return interpret(graph, value, "plain", ["states"]).outputs.get("states")!.data;
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** row [inner] times matrix [inner, width] plus bias. */
function affine(
  row: ArrayLike<number>,
  matrix: Float32Array,
  bias: ArrayLike<number> | undefined,
  width: number,
): number[] {
  return Array.from({ length: width }, (_, column) => {
    let sum = bias?.[column] ?? 0;
    for (let i = 0; i < row.length; i++) sum += row[i]! * matrix[i * width + column]!;
    return sum;
  });
}

/** The same in a loop over timesteps and windows, by the formulas in the Keras documentation. */
function loopAnswer(one: Case, numbers: Numbers): number[] {
  const { kind, steps, inputs, units, count, repeated, returnSequences } = one;
  const width = GATES[kind] * units;
  const states = Array.from({ length: count }, () => ({
    h: new Array<number>(units).fill(0),
    c: new Array<number>(units).fill(0),
  }));
  const answer: number[] = [];
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < count; n++) {
      const at = ((repeated ? 0 : t * count) + n) * inputs;
      const x = affine(numbers.x.subarray(at, at + inputs), numbers.kernel, numbers.bias, width);
      const state = states[n]!;
      const { h } = state;
      const bias = kind === "gru" ? numbers.recurrentBias : undefined;
      const inner = affine(h, numbers.recurrentKernel, bias, width);
      const gate = (number: number, u: number): number =>
        sigmoid(x[number * units + u]! + inner[number * units + u]!);
      if (kind === "lstm") {
        state.c = state.c.map((c, u) => {
          const fresh = Math.tanh(x[2 * units + u]! + inner[2 * units + u]!);
          return gate(1, u) * c + gate(0, u) * fresh;
        });
        state.h = state.c.map((c, u) => gate(3, u) * Math.tanh(c));
      } else {
        state.h = h.map((value, u) => {
          const z = gate(0, u);
          const fresh = Math.tanh(x[2 * units + u]! + gate(1, u) * inner[2 * units + u]!);
          return z * value + (1 - z) * fresh;
        });
      }
    }
    if (returnSequences) for (const { h } of states) answer.push(...h);
  }
  return returnSequences ? answer : states.flatMap(({ h }) => h);
}

test("a recurrence gives what a loop over timesteps gives, in blocks of any length", () => {
  fc.assert(
    fc.property(cases, (one) => {
      const numbers = numbersOf(one);
      const [got, want] = [graphAnswer(one, numbers), loopAnswer(one, numbers)];
      assert.equal(got.length, want.length);
      got.forEach((value, i) => {
        assert.ok(Math.abs(value - want[i]!) <= 1e-9, `number ${i}: ${value} instead of ${want[i]}`);
      });
    }),
    { numRuns: 300 },
  );
});
