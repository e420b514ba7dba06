/**
 * One LSTM layer as TensorFlow nodes (Hochreiter & Schmidhuber 1997, with forget gate; gates i, f, c, o as in Keras):
 *
 *   z = x W + h R + b      i, f, o = r(z)      c' = f c + i a(z)      h' = o a(c')
 *
 * x W + b of all timesteps is one MatMul, or one of [n, N] where every timestep has the same input; the first state
 * is zero and is multiplied by nothing. The recurrence is written out step by step, or as a While loop.
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
  split,
  stackList,
} from "./graph-ops.js";

export interface LstmWeights {
  /** [N, 4U] */
  readonly kernel: Result;
  /** [U, 4U] */
  readonly recurrentKernel: Result;
  /** [4U] */
  readonly bias: Result;
}

export type Recurrence = "unrolled" | "while";

/** What an LSTM reads: a row for every timestep, or one that is the same at all of them. */
export interface LstmInput {
  /** [steps * n, N], all windows of the first timestep first; [n, N] where `repeated`. */
  readonly rows: Result;
  readonly repeated: boolean;
  readonly steps: number;
}

/** @returns [steps * n, U] where the layer returns sequences, else [n, U]. */
export function lowerLstm(
  scope: Scope,
  layer: LstmLayer,
  input: LstmInput,
  weights: LstmWeights,
  recurrence: Recurrence,
): Result {
  const projected = addBias(scope, matMul(scope, input.rows, weights.kernel), weights.bias);
  return recurrence === "unrolled" || input.steps <= 2
    ? unroll(scope, layer, input, projected, weights.recurrentKernel)
    : loop(scope, layer, input, projected, weights.recurrentKernel);
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

function unroll(
  scope: Scope,
  layer: LstmLayer,
  input: LstmInput,
  projected: Result,
  recurrentKernel: Result,
): Result {
  const parts = input.repeated ? undefined : split(scope, projected, 0, input.steps);
  const states: State[] = [];
  for (let t = 0; t < input.steps; t++) {
    states.push(step(scope, layer, parts?.[t] ?? projected, recurrentKernel, states.at(-1)));
  }
  return layer.returnSequences
    ? concatenate(
        scope,
        states.map(({ hidden }) => hidden),
        0,
      )
    : states.at(-1)!.hidden;
}

function loop(
  scope: Scope,
  layer: LstmLayer,
  input: LstmInput,
  projected: Result,
  recurrentKernel: Result,
): Result {
  const { units } = layer;
  const { steps, repeated } = input;
  const all = repeated ? projected : reshape(scope, projected, [steps, -1, 4 * units]);
  const first = repeated ? projected : entry(scope, all, scope.constant("int32", [], [0]));
  const start = step(scope, layer, first, recurrentKernel, undefined);
  const variables = [scope.constant("int32", [], [1]), start.hidden, start.cell, all, recurrentKernel];
  // XLA wants to know the list's shape before the loop: it starts as what is there already, and every entry is
  // overwritten but the first, which is set here.
  if (layer.returnSequences) variables.push(firstEntry(scope, start.hidden, steps, units));
  const types = variables.map(({ type }) => type);
  const cond = defineFunction(scope, `${layer.name}_cond`, types, (inner, [t]) => [
    less(inner, t!, inner.constant("int32", [], [steps])),
  ]);
  const body = defineFunction(scope, `${layer.name}_body`, types, (inner, parameters) => {
    const [t, hidden, cell, values, kernel, list] = parameters;
    const now = repeated ? values! : entry(inner, values!, t!);
    const next = step(inner, layer, now, kernel!, { hidden: hidden!, cell: cell! });
    const after = add(inner, t!, inner.constant("int32", [], [1]));
    const results = [after, next.hidden, next.cell, values!, kernel!];
    if (list !== undefined) results.push(setEntry(inner, list, t!, next.hidden));
    return results;
  });
  const shapes = variables.map(({ type }) => (type === "int32" ? [] : undefined));
  const results = scope.addMany(
    {
      op: "StatelessWhile",
      output: "output",
      attributes: {
        T: { types },
        cond: { function: cond },
        body: { function: body },
        output_shapes: { shapes },
      },
    },
    variables,
    types,
    `${layer.name}/while`,
  );
  if (!layer.returnSequences) return results[1]!;
  return reshape(scope, stackList(scope, results[5]!, [-1, units], steps), [-1, units]);
}

/** A list of `steps` entries [n, U] whose first is the given one. */
function firstEntry(scope: Scope, hidden: Result, steps: number, units: number): Result {
  const tiled = concatenate(
    scope,
    Array.from({ length: steps }, () => hidden),
    0,
  );
  return listFrom(scope, reshape(scope, tiled, [steps, -1, units]), [-1, units]);
}
