/**
 * A Network with its Weights as a TensorFlow SavedModel: one graph whose weights are constants, so that one session
 * run answers a batch. The graph may hold the network twice, as a function that XLA compiles and as plain nodes:
 *
 *   windows (bits as int32) -> Bitcast -> PartitionedCall(model, weights) -> one Identity per output: `compiled`
 *                                      -> nodes                          -> one Identity per output: `plain`
 */
import type { Network } from "../../network/network.js";
import { embeddingUnits, inputWidth, weightShapes } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Result } from "./graph-builder.js";
import { defineFunction, Scope } from "./graph-builder.js";
import { packForCudnn } from "./graph-cudnn.js";
import { NetworkLowering, type RecurrenceLowering } from "./graph-layers.js";
import { identity } from "./graph-ops.js";
import { writeSavedModel } from "./saved-model.js";

/** How a recurrence over timesteps is written (graph-recurrence.ts): unrolled, or as a loop over blocks. */
export interface Recurrence {
  /** Timesteps that one iteration of the loop unrolls. At T there is no loop. */
  readonly blockSteps: number;
}

/** How the plain program writes recurrences: as nodes of each timestep, or each layer as one op (graph-cudnn.ts). */
export type PlainRecurrence = Recurrence | "cudnn";

/** The programs that a graph holds, each a signature of the SavedModel under its name here. At least one. */
export interface Lowering {
  /** One XLA computation; XLA compiles it once for each batch size. */
  readonly compiled?: Recurrence;
  /** A graph of TensorFlow ops, which runs any batch size without compilation. */
  readonly plain?: PlainRecurrence;
}

/** One output of the graph. */
export interface GraphOutput {
  readonly name: string;
  /** The shape for one window. */
  readonly shape: readonly number[];
}

/** The outputs of a network's graph in the order of a run's answer: each head [steps, F], then the embedding [U]. */
export function graphOutputs(network: Network): GraphOutput[] {
  return [
    ...network.heads.map((head, i) => ({ name: `head_${i}`, shape: [head.steps, network.features] })),
    { name: "embedding", shape: [embeddingUnits(network)] },
  ];
}

/**
 * Writes the graph of a network. Nothing native is loaded.
 * @param network a valid one (`validateNetwork`), with all its weights (`checkWeights`).
 * @returns the bytes of saved_model.pb: one signature per program, from `windows` [n, T, F + C] (float32 whose bits are
 *   given as int32) to the names of `graphOutputs`.
 * @throws InputError where @tensorflow/tfjs-node-gpu is not installed.
 */
export function lowerNetwork(network: Network, weights: Weights, lowering: Lowering): Uint8Array {
  const scope = new Scope([], false);
  const outputs = graphOutputs(network);
  const windowsShape = [-1, network.timesteps, inputWidth(network)];
  const placeholder = scope.add(
    {
      op: "Placeholder",
      output: "output",
      type: "int32",
      attributes: {
        dtype: { type: "int32" },
        shape: { shape: windowsShape },
      },
    },
    [],
    "windows",
  );
  // The binding copies a float32 tensor to the GPU when it is made, back to the host for the run, and to the GPU again.
  // An int32 tensor stays on the host until the run.
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
    (recurrence: RecurrenceLowering) =>
    (inner: Scope, [input, ...rest]: readonly Result[]): Result[] =>
      new NetworkLowering(inner, new Map(names.map((name, i) => [name, rest[i]!])), recurrence).run(
        network,
        input!,
      );
  const { compiled, plain } = lowering;
  const programs = {
    ...(compiled && { compiled: callCompiled(scope, parameters, outputs.length, body(compiled)) }),
    ...(plain && {
      plain: body(plain === "cudnn" ? { packed: packedConstants(scope, network, weights) } : plain)(
        scope,
        parameters,
      ),
    }),
  };
  const signatures = Object.entries(programs).map(([name, results]) => ({
    name,
    input: { name: "windows", result: placeholder, shape: windowsShape },
    outputs: results.map((result, i) => ({
      name: outputs[i]!.name,
      result: identity(scope, result, `${name}/${outputs[i]!.name}`),
      shape: [-1, ...outputs[i]!.shape],
    })),
  }));
  return writeSavedModel(scope, signatures);
}

/** The weights of the recurrent layers as cuDNN wants them, by layer. */
function packedConstants(scope: Scope, network: Network, weights: Weights): Map<string, Result> {
  const packed = [...packForCudnn(network, weights)];
  return new Map(
    packed.map(([name, numbers]) => [
      name,
      scope.constantBytes("float", [numbers.length], new Uint8Array(numbers.buffer), `${name}/packed`),
    ]),
  );
}

/**
 * Adds the call of a function that XLA compiles. The weights are arguments of it: as constants inside it, the
 * executable of each batch size would hold a copy of them.
 */
function callCompiled(
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
