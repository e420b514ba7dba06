/**
 * One LSTM layer as TensorFlow nodes (Hochreiter & Schmidhuber 1997, with forget gate; gates i, f, c, o as in Keras):
 *
 *   z = x W + h R + b      i, f, o = r(z)      c' = f c + i a(z)      h' = o a(c')
 *
 * x W + b of all timesteps is one MatMul, or one of [n, N] where every timestep has the same input; the first state
 * is zero and is multiplied by nothing. The recurrence is a While loop over blocks of timesteps: one that is written
 * out whole runs fastest, but XLA takes 50 ms for every timestep of it.
 */
import type { LstmLayer } from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import { defineFunction } from "./graph-builder.js";
import {
  activate,
  add,
  addBias,
  concatenate,
  entry,
  less,
  listFrom,
  matMul,
  multiply,
  reshape,
  setEntry,
  slice,
  split,
  stackList,
  tile,
} from "./graph-ops.js";

export interface LstmWeights {
  /** [N, 4U] */
  readonly kernel: Result;
  /** [U, 4U] */
  readonly recurrentKernel: Result;
  /** [4U] */
  readonly bias: Result;
}

/** What an LSTM reads: a row for every timestep, or one that is the same at all of them. */
export interface LstmInput {
  /** [steps * n, N], all windows of the first timestep first; [n, N] where `repeated`. */
  readonly rows: Result;
  readonly repeated: boolean;
  readonly steps: number;
}

/**
 * @param blockSteps timesteps written out in one turn of the While loop; a layer of no more than twice as many is
 * written out whole.
 * @returns [steps * n, U] where the layer returns sequences, else [n, U].
 */
export function lowerLstm(
  scope: Scope,
  layer: LstmLayer,
  input: LstmInput,
  weights: LstmWeights,
  blockSteps: number,
): Result {
  const { units, returnSequences } = layer;
  const { steps, repeated } = input;
  const projected = addBias(scope, matMul(scope, input.rows, weights.kernel), weights.bias);
  // The loop's turns are of equal length: what is left over is written out before it, with the first state in it.
  const written = steps <= 2 * blockSteps ? steps : ((steps - 1) % blockSteps) + 1;
  const turns = (steps - written) / blockSteps;
  const rows = (from: number, count: number): Result =>
    repeated || count === steps ? projected : rowsOf(scope, projected, steps, from, count, 4 * units);
  const recurrent = weights.recurrentKernel;
  const start = run(scope, layer, rows(0, written), repeated, written, recurrent, undefined);
  if (turns === 0) return returnSequences ? concatenate(scope, start.sequence, 0) : start.last.hidden;

  const blocks = repeated
    ? projected
    : reshape(scope, rows(written, steps - written), [turns, -1, 4 * units]);
  // XLA wants to know the list's shape before the loop; what it holds then is overwritten.
  const room = repeated
    ? tile(scope, start.last.hidden, [turns * blockSteps, 1])
    : slice(scope, rows(written, steps - written), [0, 0], [-1, units]);
  const list = returnSequences
    ? [listFrom(scope, reshape(scope, room, [turns, -1, units]), [-1, units])]
    : [];
  const variables = [
    scope.constant("int32", [], [0]),
    start.last.hidden,
    start.last.cell,
    blocks,
    recurrent,
    ...list,
  ];
  const results = whileLoop(scope, layer.name, turns, variables, (inner, turn, parameters) => {
    const [hidden, cell, all, kernel, sequence] = parameters;
    const now = repeated ? all! : entry(inner, all!, turn);
    const before = { hidden: hidden!, cell: cell! };
    const { last, sequence: made } = run(inner, layer, now, repeated, blockSteps, kernel!, before);
    const next = [last.hidden, last.cell, all!, kernel!];
    return sequence === undefined
      ? next
      : [...next, setEntry(inner, sequence, turn, concatenate(inner, made, 0))];
  });
  if (!returnSequences) return results[1]!;
  const looped = reshape(scope, stackList(scope, results[5]!, [-1, units], turns), [-1, units]);
  return concatenate(scope, [...start.sequence, looped], 0);
}

interface State {
  readonly hidden: Result;
  readonly cell: Result;
}

/** One timestep; `before` is undefined at the first, whose state is zero. */
function step(
  scope: Scope,
  layer: LstmLayer,
  projected: Result,
  recurrentKernel: Result,
  before: State | undefined,
): State {
  const z =
    before === undefined ? projected : add(scope, projected, matMul(scope, before.hidden, recurrentKernel));
  const [i, f, c, o] = split(scope, z, 1, 4);
  const gate = (value: Result): Result => activate(scope, layer.recurrentActivation, value);
  const fresh = multiply(scope, gate(i!), activate(scope, layer.activation, c!));
  const cell = before === undefined ? fresh : add(scope, multiply(scope, gate(f!), before.cell), fresh);
  return { hidden: multiply(scope, gate(o!), activate(scope, layer.activation, cell)), cell };
}

/** Some timesteps, written out. `projected` is a row block per timestep, or one for all where `repeated`. */
function run(
  scope: Scope,
  layer: LstmLayer,
  projected: Result,
  repeated: boolean,
  steps: number,
  recurrentKernel: Result,
  before: State | undefined,
): { last: State; sequence: Result[] } {
  const parts = repeated ? undefined : split(scope, projected, 0, steps);
  const sequence: Result[] = [];
  let state = before;
  for (let t = 0; t < steps; t++) {
    state = step(scope, layer, parts?.[t] ?? projected, recurrentKernel, state);
    sequence.push(state.hidden);
  }
  return { last: state!, sequence };
}

/** Timesteps [from, from + count) of time-major rows. */
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
 * Runs `body` for turn = 0 .. turns - 1.
 * @param variables the turn (an int32 scalar), then what a turn reads and the next one gets.
 */
function whileLoop(
  scope: Scope,
  name: string,
  turns: number,
  variables: readonly Result[],
  body: (inner: Scope, turn: Result, parameters: readonly Result[]) => readonly Result[],
): Result[] {
  const types = variables.map(({ type }) => type);
  const cond = defineFunction(scope, `${name}_cond`, types, (inner, [turn]) => [
    less(inner, turn!, inner.constant("int32", [], [turns])),
  ]);
  const next = defineFunction(scope, `${name}_body`, types, (inner, [turn, ...parameters]) => [
    add(inner, turn!, inner.constant("int32", [], [1])),
    ...body(inner, turn!, parameters),
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
