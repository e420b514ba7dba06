/**
 * A recurrent layer as TensorFlow nodes, whatever its cell (graph-lstm.ts): the input projection, and the recurrence
 * over timesteps.
 *
 * The projection x W + b of all timesteps is one MatMul, or one of [n, N] where every timestep has the same input. A
 * state before the first timestep that is zero is multiplied by nothing. The recurrence is a While loop over blocks of
 * timesteps: unrolled in full it runs fastest, but XLA compiles for 50 ms per unrolled timestep.
 */
import type { Result, Scope } from "./graph-builder.js";
import { defineFunction } from "./graph-builder.js";
import {
  add,
  addBias,
  concatenate,
  entry,
  less,
  listFrom,
  matMul,
  reshape,
  setEntry,
  slice,
  split,
  stackList,
  tile,
} from "./graph-ops.js";

/** What one timestep of a recurrent layer computes. */
export interface Cell {
  readonly units: number;
  /** The columns of the projected input: units times the number of gates. */
  readonly gateWidth: number;
  /** The weights that every timestep reads, beside the input kernel and bias. */
  readonly weights: readonly Result[];
  /**
   * Adds the nodes of one timestep.
   * @param projected [n, gateWidth]: x W + b of that timestep.
   * @param weights those above, as the scope names them.
   * @param before the state after the timestep before, each [n, units]; `undefined` for the first, whose state is
   *   zero.
   * @returns the state after it, each [n, units]; the first of it is the layer's output.
   */
  step(
    scope: Scope,
    projected: Result,
    weights: readonly Result[],
    before: readonly Result[] | undefined,
  ): readonly Result[];
}

/** The sequence that a recurrent layer reads. */
export interface SequenceInput {
  /** [steps * n, N], all windows of the first timestep first; [n, N] where `repeated`. */
  readonly rows: Result;
  /** Whether all timesteps have the same input. */
  readonly repeated: boolean;
  readonly steps: number;
}

export interface RecurrentLayer {
  readonly name: string;
  readonly returnSequences: boolean;
  /** [N, gateWidth] */
  readonly kernel: Result;
  /** [gateWidth] */
  readonly bias: Result;
  readonly cell: Cell;
  /** The state before the first timestep, each [n, units]; undefined where it is zero. */
  readonly before: readonly Result[] | undefined;
}

/** What a recurrent layer gives. */
export interface RecurrentResult {
  /** [steps * n, U] where the layer returns sequences, else [n, U]. */
  readonly output: Result;
  /** After the last timestep, each [n, U]. */
  readonly state: readonly Result[];
}

/**
 * Adds the nodes of a recurrent layer.
 * @param blockSteps timesteps unrolled in one iteration of the While loop; a layer of at most twice as many timesteps
 *   is unrolled in full.
 */
export function lowerRecurrence(
  scope: Scope,
  layer: RecurrentLayer,
  input: SequenceInput,
  blockSteps: number,
): RecurrentResult {
  const { cell, returnSequences, before: first } = layer;
  const { units, gateWidth } = cell;
  const { steps, repeated } = input;
  const projected = addBias(scope, matMul(scope, input.rows, layer.kernel), layer.bias);
  // All iterations of the loop are equally long. The remaining timesteps, the first one among them, come before it.
  const unrolled = steps <= 2 * blockSteps ? steps : ((steps - 1) % blockSteps) + 1;
  const iterations = (steps - unrolled) / blockSteps;
  const rows = (from: number, count: number): Result =>
    repeated || count === steps ? projected : rowsOf(scope, projected, steps, from, count, gateWidth);
  const start = unroll(
    scope,
    cell,
    cell.weights,
    stepsOf(scope, rows(0, unrolled), repeated, unrolled),
    first,
  );
  if (iterations === 0) {
    const output = returnSequences ? concatenate(scope, start.outputs, 0) : start.state[0]!;
    return { output, state: start.state };
  }

  const blocks = repeated
    ? projected
    : reshape(scope, rows(unrolled, steps - unrolled), [iterations, -1, gateWidth]);
  // XLA needs the shape of the list before the loop begins, so the list starts with values that the loop overwrites.
  const placeholder = repeated
    ? tile(scope, start.state[0]!, [iterations * blockSteps, 1])
    : slice(scope, rows(unrolled, steps - unrolled), [0, 0], [-1, units]);
  const list = returnSequences
    ? [listFrom(scope, reshape(scope, placeholder, [iterations, -1, units]), [-1, units])]
    : [];
  const variables = [scope.constant("int32", [], [0]), ...start.state, blocks, ...cell.weights, ...list];
  const states = start.state.length;
  const results = whileLoop(scope, layer.name, iterations, variables, (inner, iteration, parameters) => {
    const before = parameters.slice(0, states);
    const all = parameters[states]!;
    const weights = parameters.slice(states + 1, states + 1 + cell.weights.length);
    const sequence = parameters[states + 1 + weights.length];
    const block = repeated ? all : entry(inner, all, iteration);
    const { state, outputs } = unroll(
      inner,
      cell,
      weights,
      stepsOf(inner, block, repeated, blockSteps),
      before,
    );
    const next = [...state, all, ...weights];
    return sequence === undefined
      ? next
      : [...next, setEntry(inner, sequence, iteration, concatenate(inner, outputs, 0))];
  });
  const state = results.slice(1, 1 + states);
  if (!returnSequences) return { output: state[0]!, state };
  const looped = reshape(scope, stackList(scope, results.at(-1)!, [-1, units], iterations), [-1, units]);
  return { output: concatenate(scope, [...start.outputs, looped], 0), state };
}

/** The projected input of each of some timesteps. `projected` holds them one after the other, or one for all. */
function stepsOf(scope: Scope, projected: Result, repeated: boolean, steps: number): Result[] {
  return repeated ? Array.from({ length: steps }, () => projected) : split(scope, projected, 0, steps);
}

/** Adds the nodes of some timesteps. `outputs` is the layer's output after each of them. */
function unroll(
  scope: Scope,
  cell: Cell,
  weights: readonly Result[],
  inputs: readonly Result[],
  before?: readonly Result[],
): { state: readonly Result[]; outputs: Result[] } {
  const outputs: Result[] = [];
  let state = before;
  for (const input of inputs) {
    state = cell.step(scope, input, weights, state);
    outputs.push(state[0]!);
  }
  return { state: state!, outputs };
}

/** Timesteps [from, from + count) of [steps * n, width] time-major rows. */
function rowsOf(
  scope: Scope,
  rows: Result,
  steps: number,
  from: number,
  count: number,
  width: number,
): Result {
  const all = reshape(scope, rows, [steps, -1, width]);
  return reshape(scope, slice(scope, all, [from, 0, 0], [count, -1, width]), [-1, width]);
}

/**
 * Adds a While loop that runs `body` for iteration = 0 .. iterations - 1.
 * @param variables the iteration (an int32 scalar), then the values that one iteration passes on to the next.
 * @returns the variables after the last iteration.
 */
function whileLoop(
  scope: Scope,
  name: string,
  iterations: number,
  variables: readonly Result[],
  body: (inner: Scope, iteration: Result, parameters: readonly Result[]) => readonly Result[],
): Result[] {
  const types = variables.map(({ type }) => type);
  const cond = defineFunction(scope, `${name}_cond`, types, (inner, [iteration]) => [
    less(inner, iteration!, inner.constant("int32", [], [iterations])),
  ]);
  const next = defineFunction(scope, `${name}_body`, types, (inner, [iteration, ...parameters]) => [
    add(inner, iteration!, inner.constant("int32", [], [1])),
    ...body(inner, iteration!, parameters),
  ]);
  return scope.addMany(
    {
      op: "StatelessWhile",
      output: "output",
      attributes: {
        T: { types },
        cond: { function: cond },
        body: { function: next },
        output_shapes: { shapes: variables.map(({ type }) => (type === "int32" ? [] : undefined)) },
      },
    },
    variables,
    types,
    `${name}/while`,
  );
}
