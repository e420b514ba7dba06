/**
 * A recurrent layer as one op of cuDNN, NVIDIA's library of network kernels: all timesteps in one call, which takes any
 * number of windows and needs no compilation (Appleyard et al. 2016, "Optimizing performance of recurrent neural
 * networks on GPUs"). It has LSTM and GRU with tanh and sigmoid alone.
 */
import { descriptionOf } from "../../network/layers/layers.js";
import type { GruLayer, Layer, LstmLayer, Network } from "../../network/network.js";
import { layersWithShapes } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { Result, Scope } from "./graph-builder.js";
import { fill, reshape, tile, windowsOf } from "./graph-ops.js";
import type { RecurrentResult, SequenceInput } from "./graph-recurrence.js";

type RecurrentLayer = LstmLayer | GruLayer;

/** The gates in the order of cuDNN, as positions in the order of Keras: i, f, c, o for an LSTM; z, r, h for a GRU. */
const GATE_ORDER = { lstm: [0, 1, 2, 3], gru: [1, 0, 2] } as const;

/** Whether a network has recurrent layers, and cuDNN has an op for each of them. */
export function cudnnRuns(network: Network): boolean {
  const recurrent = recurrentLayers(network);
  return recurrent.length > 0 && recurrent.every(isOfCudnn);
}

function recurrentLayers(network: Network): Layer[] {
  return layersWithShapes(network)
    .map(({ layer }) => layer)
    .filter((layer) => descriptionOf(layer).isRecurrent);
}

function isOfCudnn(layer: Layer): layer is RecurrentLayer {
  return (
    (layer.kind === "lstm" || layer.kind === "gru") &&
    layer.activation === "tanh" &&
    layer.recurrentActivation === "sigmoid"
  );
}

/**
 * The weights of each recurrent layer in one array, as cuDNN wants them: the input kernels of the gates, each [U, N],
 * then their recurrent kernels, each [U, U], then the biases of the inputs and those of the states, each [U].
 * @param network one that `cudnnRuns`.
 * @returns by the name of the layer.
 */
export function packForCudnn(network: Network, weights: Weights): Map<string, Float32Array> {
  const layers = recurrentLayers(network).filter(isOfCudnn);
  return new Map(layers.map((layer) => [layer.name, packLayer(layer, weights)]));
}

function packLayer({ kind, name, units }: RecurrentLayer, weights: Weights): Float32Array {
  const order = GATE_ORDER[kind];
  const part = (of: string): Float32Array => weights.get(`${name}/${of}`)!.data;
  const kernels = [part("kernel"), part("recurrent_kernel")];
  // An LSTM of Keras has one bias, a GRU one for the input and one for the state; cuDNN adds both.
  const bias = part("bias");
  const width = order.length * units;
  const biases = kind === "gru" ? [bias.subarray(0, width), bias.subarray(width)] : [bias, undefined];
  const length = kernels.reduce((sum, kernel) => sum + kernel.length, 2 * width);
  const packed = new Float32Array(length);
  let at = 0;
  for (const kernel of kernels) {
    for (const gate of order) {
      for (let unit = 0; unit < units; unit++) {
        for (let from = gate * units + unit; from < kernel.length; from += width)
          packed[at++] = kernel[from]!;
      }
    }
  }
  for (const vector of biases) {
    for (const gate of order) {
      if (vector !== undefined) packed.set(vector.subarray(gate * units, (gate + 1) * units), at);
      at += units;
    }
  }
  return packed;
}

/**
 * Adds the nodes of a recurrent layer to a graph; in the body of a function, the op's results would have other names.
 * @param packed what `packForCudnn` gives for the layer.
 * @param before the state before the first timestep, each [n, U]; undefined where it is zero.
 */
export function lowerWithCudnn(
  scope: Scope,
  { kind, name, units, returnSequences }: RecurrentLayer,
  packed: Result,
  { rows, repeated, steps, width }: SequenceInput & { readonly width: number },
  before: readonly Result[] | undefined,
): RecurrentResult {
  const input = repeated
    ? tile(scope, reshape(scope, rows, [1, -1, width]), [steps, 1, 1])
    : reshape(scope, rows, [steps, -1, width]);
  const count = windowsOf(scope, input);
  const zero = before === undefined ? fill(scope, "float", [1, count, units], 0) : undefined;
  const state = (i: number): Result =>
    before?.[i] === undefined ? zero! : reshape(scope, before[i], [1, -1, units]);
  // A GRU has no second state; its op does not read it.
  const states = kind === "lstm" ? [state(0), state(1)] : [state(0), scope.constant("float", [], [0])];
  // The older ops take no lengths of the sequences; cuDNN wants them from version 9 on.
  const lengths = fill(scope, "int32", [count], steps);
  const results = scope.addMany(
    {
      op: "CudnnRNNV3",
      output: "output",
      attributes: { T: { type: "float" }, rnn_mode: { text: kind }, is_training: { bool: false } },
    },
    [input, ...states, packed, lengths],
    ["float", "float", "float"],
    `${name}/cudnn`,
  );
  const after = results.slice(1, kind === "lstm" ? 3 : 2).map((one) => reshape(scope, one, [-1, units]));
  const output = returnSequences ? reshape(scope, results[0]!, [-1, units]) : after[0]!;
  return { output, state: after };
}
