/**
 * A Network with its Weights as a TensorFlow SavedModel: one graph whose weights are constants, so that a batch is
 * one session run. It may hold the network twice, as a function that XLA compiles and as plain nodes:
 *
 *   windows (bits as int32) -> Bitcast -> PartitionedCall(model, weights) -> one Identity per output: `compiled`
 *                                      -> nodes                          -> one Identity per output: `plain`
 *
 * Between layers a sequence is time-major rows [T * n, width], so that all timesteps are one matrix and a timestep
 * is one block of it.
 */
import { unknownKind } from "../../network/layers/description.js";
import type { Layer, Network } from "../../network/network.js";
import { embeddingUnits, weightShapes } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Result } from "./graph-builder.js";
import { defineFunction, Scope } from "./graph-builder.js";
import { activate, addBias, identity, matMul, repeat, reshape, slice, swapFirstAxes } from "./graph-ops.js";
import { lowerRecurrent } from "./graph-recurrent.js";
import { type Sequence, sequence, type Value, vector } from "./graph-values.js";
import { writeSavedModel } from "./saved-model.js";

/** How a recurrence is written: in a loop, a block of timesteps in one turn; or out in full, in one block. */
export interface Recurrence {
  readonly blockSteps: number;
}

/** The programs a graph holds, each a signature of the SavedModel by its name. At least one. */
export interface Lowering {
  /** One XLA computation, compiled for every batch size that it meets. */
  readonly compiled?: Recurrence;
  /** A graph of ops, which takes any batch size as it is. */
  readonly plain?: Recurrence;
}

/** The graph's outputs: a head each in order, then the embedding. */
export interface GraphOutput {
  readonly name: string;
  /** Of one window. */
  readonly shape: readonly number[];
}

/** What a network answers with, by output name, in the order a run gives them. */
export function graphOutputs(network: Network): GraphOutput[] {
  return [
    ...network.heads.map((head, i) => ({ name: `head_${i}`, shape: [head.steps, network.features] })),
    { name: "embedding", shape: [embeddingUnits(network)] },
  ];
}

/**
 * Writes the graph. Pure: nothing native is loaded. The network has to be a valid one, with all its weights.
 * @returns saved_model.pb: a signature per program, from `windows` to the names of `graphOutputs`.
 */
export function lowerNetwork(network: Network, weights: Weights, lowering: Lowering): Uint8Array {
  const scope = new Scope([], false);
  const outputs = graphOutputs(network);
  const placeholder = scope.add(
    {
      op: "Placeholder",
      output: "output",
      type: "int32",
      attributes: {
        dtype: { type: "int32" },
        shape: { shape: [-1, network.timesteps, network.features] },
      },
    },
    [],
    "windows",
  );
  // As float32 the binding would copy the windows to the GPU, back, and there again; int32 it leaves where they are.
  const windows = scope.add(
    {
      op: "Bitcast",
      output: "output",
      type: "float",
      attributes: { T: { type: "int32" }, type: { type: "float" } },
    },
    [placeholder],
  );
  const names = [...weightShapes(network).keys()];
  const constants = names.map((name) => {
    const { shape, data } = weights.get(name)!;
    return scope.constantBytes(
      "float",
      shape,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      name,
    );
  });
  const parameters = [windows, ...constants];
  const body =
    ({ blockSteps }: Recurrence) =>
    (inner: Scope, [input, ...rest]: readonly Result[]): Result[] =>
      new NetworkLowering(inner, new Map(names.map((name, i) => [name, rest[i]!])), blockSteps).run(
        network,
        input!,
      );
  const { compiled, plain } = lowering;
  const programs = {
    ...(compiled && { compiled: launch(scope, parameters, outputs.length, body(compiled)) }),
    ...(plain && { plain: body(plain)(scope, parameters) }),
  };
  const signatures = Object.entries(programs).map(([name, results]) => ({
    name,
    input: { name: "windows", result: placeholder, shape: [-1, network.timesteps, network.features] },
    outputs: results.map((result, i) => ({
      name: outputs[i]!.name,
      result: identity(scope, result, `${name}/${outputs[i]!.name}`),
      shape: [-1, ...outputs[i]!.shape],
    })),
  }));
  return writeSavedModel(scope, signatures);
}

/** One XLA computation. The weights are its arguments: as constants in it, every batch size would hold a copy. */
function launch(
  scope: Scope,
  parameters: readonly Result[],
  outputs: number,
  body: (inner: Scope, parameters: readonly Result[]) => Result[],
): Result[] {
  const types = parameters.map(({ type }) => type);
  const name = defineFunction(scope, "model", types, body, { _XlaMustCompile: { bool: true } });
  const results = Array.from({ length: outputs }, () => "float" as const);
  return scope.addMany(
    {
      op: "PartitionedCall",
      output: "output",
      attributes: {
        Tin: { types },
        Tout: { types: results },
        f: { function: name },
        _XlaMustCompile: { bool: true },
      },
    },
    parameters,
    results,
  );
}

class NetworkLowering {
  private readonly scope: Scope;
  private readonly weights: ReadonlyMap<string, Result>;
  private readonly blockSteps: number;

  constructor(scope: Scope, weights: ReadonlyMap<string, Result>, blockSteps: number) {
    this.scope = scope;
    this.weights = weights;
    this.blockSteps = blockSteps;
  }

  /** [n, T, F] -> every head [n, steps, F], then the embedding [n, U]. */
  run(network: Network, windows: Result): Result[] {
    const { timesteps, inputSteps, features } = network;
    const read =
      inputSteps === timesteps ? windows : slice(this.scope, windows, [0, 0, 0], [-1, inputSteps, features]);
    const input: Value = { kind: "windows", steps: inputSteps, width: features, result: read };
    const embedding = vector(this.chain(network.encoder, input));
    const heads = network.heads.map((head) => this.windows(sequence(this.chain(head.layers, embedding))));
    return [...heads, embedding.result];
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
      case "lstm":
      case "gru": {
        const from = sequence(value);
        const input = { ...this.rows(from), repeated: from.kind === "repeated", steps: from.steps };
        const weights = {
          kernel: this.weight(layer.name, "kernel"),
          recurrentKernel: this.weight(layer.name, "recurrent_kernel"),
          bias: this.weight(layer.name, "bias"),
        };
        const result = lowerRecurrent(this.scope, layer, input, weights, this.blockSteps);
        return layer.returnSequences
          ? { kind: "rows", steps: from.steps, width: layer.units, result }
          : { kind: "vector", width: layer.units, result };
      }
      default:
        return unknownKind(layer);
    }
  }

  private dense(layer: Extract<Layer, { kind: "dense" | "timeDistributedDense" }>, rows: Result): Result {
    const tied = layer.kind === "dense" ? layer.tiedTo : undefined;
    const kernel = this.weight(tied ?? layer.name, "kernel");
    const product = matMul(this.scope, rows, kernel, tied !== undefined);
    const sum = addBias(this.scope, product, this.weight(layer.name, "bias"));
    return activate(this.scope, layer.activation, sum);
  }

  /** What a recurrent layer reads: time-major rows, or the one row that is the same at every timestep. */
  private rows(value: Sequence): { rows: Result } {
    if (value.kind !== "windows") return { rows: value.result };
    const timeMajor = swapFirstAxes(this.scope, value.result);
    return { rows: reshape(this.scope, timeMajor, [-1, value.width]) };
  }

  /** [n, steps, width] */
  private windows(value: Sequence): Result {
    if (value.kind === "windows") return value.result;
    if (value.kind === "repeated") return repeat(this.scope, value.result, value.steps, value.width);
    return swapFirstAxes(this.scope, reshape(this.scope, value.result, [value.steps, -1, value.width]));
  }

  private weight(layer: string, part: string): Result {
    return this.weights.get(`${layer}/${part}`)!;
  }
}
