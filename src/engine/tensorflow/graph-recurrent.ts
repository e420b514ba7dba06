/**
 * One recurrent layer as TensorFlow nodes, gates in Keras's order:
 *
 *   LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000), i, f, c, o
 *     s = x W + h R + b      i, f, o = r(s)      c' = f c + i a(s)      h' = o a(c')
 *   GRU (Cho et al. 2014, with Keras's `reset_after`), z, r, h
 *     s = x W + b   t = h R + d      z, r = r(s + t)      g = a(s + r t)      h' = z h + (1 - z) g
 *
 * x W + b of all timesteps is one MatMul, or one of [n, N] where every timestep has the same input; the first state
 * is zero and is multiplied by nothing. The recurrence is a While loop over blocks of timesteps: one that is written
 * out whole runs fastest, but XLA takes 50 ms for every timestep of it.
 */
import { unknownKind } from "../../network/layers/description.js";
import type { GruLayer, LstmLayer } from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import { whileLoop } from "./graph-loop.js";
import {
  activate,
  add,
  addBias,
  concatenate,
  entry,
  listFrom,
  matMul,
  multiply,
  reshape,
  setEntry,
  slice,
  split,
  stackList,
  subtract,
  tile,
} from "./graph-ops.js";

export type RecurrentLayer = LstmLayer | GruLayer;

export interface RecurrentWeights {
  /** [N, gates * U] */
  readonly kernel: Result;
  /** [U, gates * U] */
  readonly recurrentKernel: Result;
  /** LSTM [4U], GRU [2, 3U] */
  readonly bias: Result;
}

/** What the layer reads: a row for every timestep, or one that is the same at all of them. */
export interface RecurrentInput {
  /** [steps * n, N], all windows of the first timestep first; [n, N] where `repeated`. */
  readonly rows: Result;
  readonly repeated: boolean;
  readonly steps: number;
}

/** h, and an LSTM's c. */
type State = readonly Result[];

/** The recurrent kernel, and a GRU's second row of the bias: what every timestep reads. */
type Constants = readonly Result[];

/** Timesteps that are written out. */
interface Run {
  /** A row block per timestep, or one for all where `repeated`. */
  readonly projected: Result;
  readonly repeated: boolean;
  readonly steps: number;
  readonly constants: Constants;
  /** The state before; undefined where it is zero. */
  readonly before: State | undefined;
}

/**
 * @param blockSteps timesteps written out in one round of the While loop; a layer of no more than twice as many is
 * written out whole.
 * @returns [steps * n, U] where the layer returns sequences, else [n, U].
 */
export function lowerRecurrent(
  scope: Scope,
  layer: RecurrentLayer,
  input: RecurrentInput,
  weights: RecurrentWeights,
  blockSteps: number,
): Result {
  const { units, returnSequences } = layer;
  const { steps, repeated } = input;
  const { width, bias, constants } = readWeights(scope, layer, weights);
  const projected = addBias(scope, matMul(scope, input.rows, weights.kernel), bias);
  // The loop's rounds are of equal length: what is left over is written out before it, with the first state in it.
  const written = steps <= 2 * blockSteps ? steps : ((steps - 1) % blockSteps) + 1;
  const rounds = (steps - written) / blockSteps;
  const rows = (from: number, count: number): Result =>
    repeated || count === steps ? projected : rowsOf(scope, projected, { steps, from, count, width });
  const first = { projected: rows(0, written), repeated, steps: written, constants, before: undefined };
  const start = run(scope, layer, first);
  if (rounds === 0) return returnSequences ? concatenate(scope, start.sequence, 0) : start.last[0]!;

  const rest = repeated ? undefined : rows(written, steps - written);
  const blocks = rest === undefined ? projected : reshape(scope, rest, [rounds, -1, width]);
  // XLA wants to know the list's shape before the loop; what it holds then is overwritten.
  const room =
    rest === undefined
      ? tile(scope, start.last[0]!, [rounds * blockSteps, 1])
      : slice(scope, rest, [0, 0], [-1, units]);
  const list = returnSequences
    ? [listFrom(scope, reshape(scope, room, [rounds, -1, units]), [-1, units])]
    : [];
  const states = start.last.length;
  const variables = [scope.constant("int32", [], [0]), ...start.last, blocks, ...constants, ...list];
  const results = whileLoop(scope, layer.name, rounds, variables, (inner, round, parameters) => {
    const before = parameters.slice(0, states);
    const all = parameters[states]!;
    const kept = parameters.slice(states + 1, states + 1 + constants.length);
    const sequence = parameters[states + 1 + constants.length];
    const now = repeated ? all : entry(inner, all, round);
    const block = { projected: now, repeated, steps: blockSteps, constants: kept, before };
    const { last, sequence: made } = run(inner, layer, block);
    const next = [...last, all, ...kept];
    return sequence === undefined
      ? next
      : [...next, setEntry(inner, sequence, round, concatenate(inner, made, 0))];
  });
  if (!returnSequences) return results[1]!;
  const looped = reshape(scope, stackList(scope, results.at(-1)!, [-1, units], rounds), [-1, units]);
  return concatenate(scope, [...start.sequence, looped], 0);
}

/** Columns of the kernel, the bias of the input's product, and what every timestep reads. */
function readWeights(
  scope: Scope,
  { kind, units }: RecurrentLayer,
  { recurrentKernel, bias }: RecurrentWeights,
): { width: number; bias: Result; constants: Constants } {
  switch (kind) {
    case "lstm":
      return { width: 4 * units, bias, constants: [recurrentKernel] };
    case "gru": {
      const [ofInput, ofState] = split(scope, bias, 0, 2).map((row) => reshape(scope, row, [3 * units]));
      return { width: 3 * units, bias: ofInput!, constants: [recurrentKernel, ofState!] };
    }
    default:
      return unknownKind(kind);
  }
}

/** One timestep. */
function step(
  scope: Scope,
  layer: RecurrentLayer,
  projected: Result,
  constants: Constants,
  before: State | undefined,
): State {
  switch (layer.kind) {
    case "lstm":
      return lstmStep(scope, layer, projected, constants, before);
    case "gru":
      return gruStep(scope, layer, projected, constants, before);
    default:
      return unknownKind(layer);
  }
}

function lstmStep(
  scope: Scope,
  layer: LstmLayer,
  projected: Result,
  [recurrentKernel]: Constants,
  before: State | undefined,
): State {
  const z =
    before === undefined ? projected : add(scope, projected, matMul(scope, before[0]!, recurrentKernel!));
  const [i, f, c, o] = split(scope, z, 1, 4);
  const gate = (value: Result): Result => activate(scope, layer.recurrentActivation, value);
  const fresh = multiply(scope, gate(i!), activate(scope, layer.activation, c!));
  const cell = before === undefined ? fresh : add(scope, multiply(scope, gate(f!), before[1]!), fresh);
  return [multiply(scope, gate(o!), activate(scope, layer.activation, cell)), cell];
}

function gruStep(
  scope: Scope,
  layer: GruLayer,
  projected: Result,
  [recurrentKernel, bias]: Constants,
  before: State | undefined,
): State {
  const [zInput, rInput, candidate] = split(scope, projected, 1, 3);
  // Of a zero state only the bias is left, a vector that is added to every row.
  const [zState, rState, reset] =
    before === undefined
      ? split(scope, bias!, 0, 3)
      : split(scope, addBias(scope, matMul(scope, before[0]!, recurrentKernel!), bias!), 1, 3);
  const gate = (a: Result, b: Result): Result => activate(scope, layer.recurrentActivation, add(scope, a, b));
  const z = gate(zInput!, zState!);
  const r = gate(rInput!, rState!);
  const g = activate(scope, layer.activation, add(scope, candidate!, multiply(scope, r, reset!)));
  if (before === undefined) return [subtract(scope, g, multiply(scope, z, g))];
  return [add(scope, g, multiply(scope, z, subtract(scope, before[0]!, g)))];
}

function run(
  scope: Scope,
  layer: RecurrentLayer,
  { projected, repeated, steps, constants, before }: Run,
): { last: State; sequence: Result[] } {
  const parts = repeated ? undefined : split(scope, projected, 0, steps);
  const sequence: Result[] = [];
  let state = before;
  for (let t = 0; t < steps; t++) {
    state = step(scope, layer, parts?.[t] ?? projected, constants, state);
    sequence.push(state[0]!);
  }
  return { last: state!, sequence };
}

/** Timesteps [from, from + count) of time-major rows. */
function rowsOf(
  scope: Scope,
  rows: Result,
  { steps, from, count, width }: { steps: number; from: number; count: number; width: number },
): Result {
  const all = reshape(scope, rows, [steps, -1, width]);
  return reshape(scope, slice(scope, all, [from, 0, 0], [count, -1, width]), [-1, width]);
}
