/**
 * A network as a list of operations over values: the one lowering that inference and training share.
 *
 * What differs by nature is where the values stand, so each places the plan in memory its own way, and fills in its own
 * words of the operations' records (layout.ts):
 *
 *   ../inference/placement.ts   answers only: weights packed with recurrent kernels fused into one and gates scaled for
 *                               powers of 2; values in a worker's scratch, forgotten after the block; dropout, flatten
 *                               and repeat are other names for the same bytes where that is possible
 *   ../training/placement.ts    weights stand where Adam changes them; every state, gate and gradient is kept until the
 *                               backward pass has read it; each layer has a value of its own
 *
 * A kind that is added to `Operation` makes the compiler name both, and the kernels end in `unreachable` for a number
 * they do not know.
 */
import { isRecurrent, type RecurrentLayer } from "../../../network/first-states.js";
import { unknownKind } from "../../../network/layers/description.js";
import { layersOfLinearPath, readsResidual } from "../../../network/linear-path.js";
import {
  type DenseLayer,
  type Head,
  inputWidth,
  type Layer,
  type LayerNormalizationLayer,
  type Network,
  type TimeDistributedDenseLayer,
} from "../../../network/network.js";

/** What a layer reads or gives, for one window: [width], or [steps, width] where `steps` is not undefined. */
export interface Value {
  readonly steps: number | undefined;
  readonly width: number;
}

export type { RecurrentLayer };

interface OneToOne {
  readonly input: Value;
  readonly output: Value;
}

/** The rows of the windows that the encoder reads. */
export interface LoadOperation {
  readonly kind: "load";
  readonly output: Value;
}

export interface RecurrentOperation extends OneToOne {
  readonly kind: RecurrentLayer["kind"];
  readonly layer: RecurrentLayer;
  /** How many timesteps read the input, where that is one vector for all of them; undefined for a sequence. */
  readonly times: number | undefined;
}

/** A dense layer, at every timestep of its input alike. */
export interface DenseOperation extends OneToOne {
  readonly kind: "dense";
  readonly layer: DenseLayer | TimeDistributedDenseLayer;
  /** The layer whose kernel it uses transposed; undefined where it has a kernel of its own. */
  readonly tiedTo: string | undefined;
}

/** Each row of the input less its mean, divided by its spread. */
export interface NormalizeOperation extends OneToOne {
  readonly kind: "normalize";
  readonly layer: LayerNormalizationLayer;
}

/** The input at every timestep of the output. */
export interface RepeatOperation extends OneToOne {
  readonly kind: "repeat";
}

/** The numbers of the input in rows of another length. */
export interface ReshapeOperation extends OneToOne {
  readonly kind: "reshape";
}

export interface DropoutOperation extends OneToOne {
  readonly kind: "dropout";
  readonly rate: number;
  /** The layer's position in the network: each layer drops others, and the same again in each run with the same seed. */
  readonly layerNumber: number;
}

/**
 * The sum of two values of one shape, or the first less the second, number by number: a linear path's. What is
 * subtracted may have shorter rows than the first value, whose other numbers, its covariates, then stay as they are.
 */
export interface CombineOperation extends OneToOne {
  readonly kind: "add" | "subtract";
  readonly second: Value;
}

/** The input is the encoder's last state. */
export interface EmbeddingOperation {
  readonly kind: "embedding";
  readonly input: Value;
}

/** The input is what a head answers. */
export interface HeadOperation {
  readonly kind: "head";
  readonly input: Value;
  readonly head: Head;
}

export type Operation =
  | LoadOperation
  | RecurrentOperation
  | DenseOperation
  | NormalizeOperation
  | RepeatOperation
  | ReshapeOperation
  | DropoutOperation
  | CombineOperation
  | EmbeddingOperation
  | HeadOperation;

/** The operations of a valid network, each after those whose values it reads. */
export function planNetwork(network: Network): readonly Operation[] {
  const planner = new Planner();
  const input = { steps: network.inputSteps, width: inputWidth(network) };
  planner.operations.push({ kind: "load", output: input });
  const linear =
    network.linearPath === undefined ? undefined : planner.chain(layersOfLinearPath(network), input);
  const embedding = planner.chain(
    network.encoder,
    readsResidual(network) ? planner.combine("subtract", input, linear!) : input,
  );
  planner.operations.push({ kind: "embedding", input: embedding });
  for (const head of network.heads) {
    planner.operations.push({ kind: "head", input: headValue(head, planner, embedding, linear), head });
  }
  return planner.operations;
}

/** What a head answers. @param linear Px, where the network has a linear path. */
function headValue(
  { name, layers }: Head,
  planner: Planner,
  embedding: Value,
  linear: Value | undefined,
): Value {
  if (name === "linear") return linear!;
  const value = planner.chain(layers, embedding);
  return linear === undefined ? value : planner.combine("add", linear, value);
}

class Planner {
  readonly operations: Operation[] = [];
  #layers = 0;

  chain(layers: readonly Layer[], input: Value): Value {
    let value = input;
    for (let n = 0; n < layers.length; n++) {
      const layer = layers[n]!;
      const next = layers[n + 1];
      // A recurrent layer computes its input times its kernel once for a vector, and not at every timestep.
      if (layer.kind === "repeatVector" && next !== undefined && isRecurrent(next)) {
        this.#layers++;
        value = this.#recurrent(next, value, layer.times);
        n++;
      } else value = this.#layer(layer, value);
      this.#layers++;
    }
    return value;
  }

  combine(kind: CombineOperation["kind"], first: Value, second: Value): Value {
    return this.#add({ kind, input: first, second, output: { ...first } });
  }

  #layer(layer: Layer, input: Value): Value {
    const { steps, width } = input;
    switch (layer.kind) {
      case "lstm":
      case "gru":
        return this.#recurrent(layer, input, undefined);
      case "dense":
      case "timeDistributedDense": {
        const output = { steps, width: layer.units };
        const tiedTo = layer.kind === "dense" ? layer.tiedTo : undefined;
        return this.#add({ kind: "dense", input, output, layer, tiedTo });
      }
      case "layerNormalization":
        return this.#add({ kind: "normalize", input, output: { steps, width }, layer });
      case "repeatVector":
        return this.#add({ kind: "repeat", input, output: { steps: layer.times, width } });
      case "flatten":
        return this.#add({ kind: "reshape", input, output: { steps: undefined, width: steps! * width } });
      case "reshape": {
        const [timesteps, features] = layer.shape;
        return this.#add({ kind: "reshape", input, output: { steps: timesteps, width: features } });
      }
      case "dropout": {
        const output = { steps, width };
        return this.#add({ kind: "dropout", input, output, rate: layer.rate, layerNumber: this.#layers });
      }
      default:
        return unknownKind(layer);
    }
  }

  #recurrent(layer: RecurrentLayer, input: Value, times: number | undefined): Value {
    const steps = layer.returnSequences ? (times ?? input.steps) : undefined;
    return this.#add({ kind: layer.kind, input, output: { steps, width: layer.units }, layer, times });
  }

  #add(operation: Extract<Operation, OneToOne>): Value {
    this.operations.push(operation);
    return operation.output;
  }
}
