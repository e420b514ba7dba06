/**
 * The layers of a Network as TensorFlow nodes.
 *
 * Between layers a sequence is time-major rows [T * n, width], so that all timesteps are one matrix, and one timestep
 * is one block of it.
 */
import { layersOfLinearPath, readsResidual } from "../../network/linear-path.js";
import {
  type GruLayer,
  inputWidth,
  type Layer,
  type LayerNormalizationLayer,
  type LstmLayer,
  type Network,
} from "../../network/network.js";
import type { Result, Scope } from "./graph-builder.js";
import { lowerWithCudnn } from "./graph-cudnn.js";
import { gruCell } from "./graph-gru.js";
import { lstmCell } from "./graph-lstm.js";
import { normalizeRows } from "./graph-normalization.js";
import {
  activate,
  add,
  addBias,
  concatenate,
  matMul,
  repeat,
  reshape,
  slice,
  split,
  subtract,
  swapFirstAxes,
} from "./graph-ops.js";
import type { RecurrentLayer } from "./graph-recurrence.js";
import { lowerRecurrence } from "./graph-recurrence.js";

/** What a layer gives: a vector, the same vector at every timestep, or a sequence in one of two layouts. n windows. */
type Value =
  /** [n, width] */
  | { readonly kind: "vector"; readonly width: number; readonly result: Result }
  /** [n, width], the same at each of `steps` timesteps */
  | { readonly kind: "repeated"; readonly steps: number; readonly width: number; readonly result: Result }
  /** [steps * n, width], time-major */
  | { readonly kind: "rows"; readonly steps: number; readonly width: number; readonly result: Result }
  /** [n, steps, width] */
  | { readonly kind: "windows"; readonly steps: number; readonly width: number; readonly result: Result };

type Sequence = Exclude<Value, { kind: "vector" }>;

/** How recurrent layers become nodes. */
export type RecurrenceLowering =
  /** Timesteps that one iteration of a loop unrolls (graph-recurrence.ts). */
  | { readonly blockSteps: number }
  /** Each layer as one op, with its weights packed for it, by layer (graph-cudnn.ts). */
  | { readonly packed: ReadonlyMap<string, Result> };

/** Adds the nodes of one network to a graph or to the body of a function. */
export class NetworkLowering {
  private readonly scope: Scope;
  private readonly weights: ReadonlyMap<string, Result>;
  private readonly recurrence: RecurrenceLowering;
  /** The states of recurrent layers after their last timestep, by layer. */
  private readonly states = new Map<string, readonly Result[]>();

  /**
   * @param weights by the names of `weightShapes`.
   * @param recurrence with packed weights in a graph alone, not in the body of a function.
   */
  constructor(scope: Scope, weights: ReadonlyMap<string, Result>, recurrence: RecurrenceLowering) {
    this.scope = scope;
    this.weights = weights;
    this.recurrence = recurrence;
  }

  /**
   * @param windows [n, T, F + C] in scaled units.
   * @returns the output of each head [n, steps, F] in order, then the embedding [n, U].
   */
  run(network: Network, windows: Result): Result[] {
    const { timesteps, inputSteps } = network;
    const width = inputWidth(network);
    const read =
      inputSteps === timesteps ? windows : slice(this.scope, windows, [0, 0, 0], [-1, inputSteps, width]);
    const input = { kind: "windows", steps: inputSteps, width, result: read } as const;
    if (network.linearPath !== undefined) return this.besideLinearPath(network, input);
    const embedding = vector(this.chain(network.encoder, input));
    const heads = network.heads.map((head) => this.windows(sequence(this.chain(head.layers, embedding))));
    return [...heads, embedding.result];
  }

  /** Px + g(x) or Px + g(x - Px), then Px, then the embedding; g reads covariates as they are. */
  private besideLinearPath(network: Network, input: Extract<Value, { kind: "windows" }>): Result[] {
    const linear = this.windows(sequence(this.chain(layersOfLinearPath(network), input)));
    const rest = readsResidual(network)
      ? { ...input, result: this.withoutLinear(network, input.result, linear) }
      : input;
    const embedding = vector(this.chain(network.encoder, rest));
    const [reconstruction] = network.heads;
    const restReconstruction = this.windows(sequence(this.chain(reconstruction!.layers, embedding)));
    return [add(this.scope, linear, restReconstruction), linear, embedding.result];
  }

  /** x - Px, with the covariates of x behind it. */
  private withoutLinear({ features, covariates = 0 }: Network, x: Result, linear: Result): Result {
    if (covariates === 0) return subtract(this.scope, x, linear);
    const readings = slice(this.scope, x, [0, 0, 0], [-1, -1, features]);
    const others = slice(this.scope, x, [0, 0, features], [-1, -1, covariates]);
    return concatenate(this.scope, [subtract(this.scope, readings, linear), others], 2);
  }

  private chain(layers: readonly Layer[], from: Value): Value {
    return layers.reduce((value, layer) => this.layer(layer, value), from);
  }

  private layer(layer: Layer, value: Value): Value {
    switch (layer.kind) {
      case "dropout":
        return value;
      case "repeatVector":
        return { ...vector(value), kind: "repeated", steps: layer.times };
      case "flatten": {
        const from = sequence(value);
        const width = from.steps * from.width;
        return { kind: "vector", width, result: reshape(this.scope, this.windows(from), [-1, width]) };
      }
      case "reshape": {
        const [steps, width] = layer.shape;
        const result = reshape(this.scope, vector(value).result, [-1, steps, width]);
        return { kind: "windows", steps, width, result };
      }
      case "dense":
        return { kind: "vector", width: layer.units, result: this.dense(layer, vector(value).result) };
      case "timeDistributedDense": {
        const from = sequence(value);
        const flat =
          from.kind === "windows" ? reshape(this.scope, from.result, [-1, from.width]) : from.result;
        const dense = this.dense(layer, flat);
        const result =
          from.kind === "windows" ? reshape(this.scope, dense, [-1, from.steps, layer.units]) : dense;
        return { kind: from.kind, steps: from.steps, width: layer.units, result };
      }
      case "layerNormalization":
        return { ...value, result: this.normalization(layer, value) };
      case "lstm":
      case "gru":
        return this.recurrent(layer, value);
      default: {
        const unknown: never = layer;
        throw new TypeError(`the tensorflow engine does not know the layer ${JSON.stringify(unknown)}`);
      }
    }
  }

  private recurrent(layer: LstmLayer | GruLayer, value: Value): Value {
    const { name, units, returnSequences, startsFrom } = layer;
    const from = sequence(value);
    const repeated = from.kind === "repeated";
    const input = { rows: this.rows(from), repeated, steps: from.steps, width: from.width };
    const before = startsFrom === undefined ? undefined : this.states.get(startsFrom)!;
    const { recurrence } = this;
    const { output, state } =
      "packed" in recurrence
        ? lowerWithCudnn(this.scope, layer, packedOf(layer, recurrence.packed), input, before)
        : lowerRecurrence(this.scope, { ...this.cellOf(layer), before }, input, recurrence.blockSteps);
    this.states.set(name, state);
    return returnSequences
      ? { kind: "rows", steps: from.steps, width: units, result: output }
      : { kind: "vector", width: units, result: output };
  }

  private cellOf(layer: LstmLayer | GruLayer): Omit<RecurrentLayer, "before"> {
    const { name, returnSequences } = layer;
    const [kernel, recurrentKernel] = ["kernel", "recurrent_kernel"].map((part) => this.weight(name, part));
    const own = { name, returnSequences, kernel: kernel! };
    if (layer.kind === "lstm") {
      return { ...own, bias: this.weight(name, "bias"), cell: lstmCell(layer, recurrentKernel!) };
    }
    // Two rows of biases: of the input's product and of the state's.
    const rows = split(this.scope, this.weight(name, "bias"), 0, 2);
    const [bias, recurrentBias] = rows.map((row) => reshape(this.scope, row, [3 * layer.units]));
    return { ...own, bias: bias!, cell: gruCell(layer, recurrentKernel!, recurrentBias!) };
  }

  private normalization({ name, epsilon }: LayerNormalizationLayer, { kind, result }: Value): Result {
    const settings = { epsilon, gamma: this.weight(name, "gamma"), beta: this.weight(name, "beta") };
    return normalizeRows(this.scope, result, kind === "windows" ? 3 : 2, settings);
  }

  private dense(layer: Extract<Layer, { kind: "dense" | "timeDistributedDense" }>, rows: Result): Result {
    const tied = layer.kind === "dense" ? layer.tiedTo : undefined;
    const kernel = this.weight(tied ?? layer.name, "kernel");
    const product = matMul(this.scope, rows, kernel, tied !== undefined);
    const sum = addBias(this.scope, product, this.weight(layer.name, "bias"));
    return activate(this.scope, layer.activation, sum);
  }

  /** Time-major rows [steps * n, width]; [n, width] where they are the same at every timestep. */
  private rows(value: Sequence): Result {
    if (value.kind !== "windows") return value.result;
    const timeMajor = swapFirstAxes(this.scope, value.result);
    return reshape(this.scope, timeMajor, [-1, value.width]);
  }

  /** A sequence as [n, steps, width]. */
  private windows(value: Sequence): Result {
    if (value.kind === "windows") return value.result;
    if (value.kind === "repeated") return repeat(this.scope, value.result, value.steps, value.width);
    return swapFirstAxes(this.scope, reshape(this.scope, value.result, [value.steps, -1, value.width]));
  }

  private weight(layer: string, part: string): Result {
    return this.weights.get(`${layer}/${part}`)!;
  }
}

function packedOf({ name }: Layer, packed: ReadonlyMap<string, Result>): Result {
  const found = packed.get(name);
  if (found === undefined) throw new TypeError(`cuDNN has no op for the layer ${name}`);
  return found;
}

function vector(value: Value): Extract<Value, { kind: "vector" }> {
  if (value.kind !== "vector") throw new TypeError("a vector was expected; the network was not validated");
  return value;
}

function sequence(value: Value): Sequence {
  if (value.kind === "vector") throw new TypeError("a sequence was expected; the network was not validated");
  return value;
}
