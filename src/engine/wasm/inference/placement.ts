/**
 * A plan placed for inference: packed weights in shared memory, and values in a worker's scratch or in a job's buffers.
 *
 * Dropout does nothing here. A flattened or reshaped value is another name for the same bytes where those stand
 * together. A repeated vector is a sequence whose steps are 0 bytes apart: a recurrent layer that reads one multiplies
 * it by its kernel once, and starts every step's sums from that.
 */
import { unknownKind } from "../../../network/layers/description.js";
import type { Network } from "../../../network/network.js";
import type { Weights } from "../../../network/weights.js";
import { GATES, TILE_WIDTH, tilesOf } from "../plan/gates.js";
import {
  OP_KERNEL,
  OP_STATE_A,
  OP_STATE_B,
  OP_SUMS,
  PLACE_MEMORY,
  PLACE_SCRATCH,
  STEP_OF_BLOCK,
} from "../plan/layout.js";
import {
  type CombineOperation,
  type DenseOperation,
  type NormalizeOperation,
  type Operation,
  planNetwork,
  type RecurrentOperation,
  type Value,
} from "../plan/plan.js";
import {
  gateScale,
  type PackedDense,
  packDense,
  packDenseBias,
  packRecurrent,
  packRecurrentBias,
  panelsOf,
  tileColumns,
} from "./packing.js";
import {
  constantValue,
  inputOfJob,
  outputOfJob,
  type PlacedOperation,
  type PlacedValue,
  type Placement,
  type Storage,
} from "./placed.js";
import { type PlacedState, recurrentOperation } from "./recurrent.js";
import { denseOperation, normalizeOperation, packNormalization } from "./weighted.js";
import { combineOperations, copyOperation, writeTo } from "./weightless.js";

/** Places a valid network. */
export function placeForInference(network: Network, weights: Weights): Placement {
  const placer = new Placer(network, weights);
  for (const operation of planNetwork(network)) placer.place(operation);
  return placer;
}

class Placer implements Placement {
  readonly operations: PlacedOperation[] = [];
  readonly constants: { storage: Storage; data: Float32Array }[] = [];
  readonly scratch: { storage: Storage; rowBytes: number }[] = [];
  readonly #network: Network;
  readonly #weights: Weights;
  readonly #placed = new Map<Value, PlacedValue>();
  /** By layer. */
  readonly #states = new Map<string, PlacedState>();
  #embedding: PlacedValue | undefined;
  #heads = 0;

  constructor(network: Network, weights: Weights) {
    this.#network = network;
    this.#weights = weights;
  }

  place(operation: Operation): void {
    if ("output" in operation) this.#placed.set(operation.output, this.#outputOf(operation));
    else if (operation.kind === "embedding") {
      this.#embedding = this.#placed.get(operation.input)!;
      this.#copy(this.#embedding, outputOfJob(0, undefined, operation.input.width));
    } else if (operation.kind === "head") {
      const { steps } = operation.head;
      const to = outputOfJob(++this.#heads, steps, this.#network.features);
      this.#deliver(this.#placed.get(operation.input)!, to);
    } else unknownKind(operation);
  }

  #outputOf(operation: Extract<Operation, { output: Value }>): PlacedValue {
    if (operation.kind === "load") return inputOfJob(this.#network);
    const input = this.#placed.get(operation.input)!;
    switch (operation.kind) {
      case "dropout":
        return input;
      case "repeat":
        return { ...input, steps: operation.output.steps, stepBytes: 0 };
      case "reshape":
        return this.#reshape(input, operation.output);
      case "add":
      case "subtract":
        return this.#combine(operation, input);
      case "normalize":
        return this.#normalize(operation, input);
      case "dense":
        return this.#denseLayer(operation, input);
      case "lstm":
      case "gru":
        return this.#recurrent(operation, input);
      default:
        return unknownKind(operation);
    }
  }

  #reshape(input: PlacedValue, { steps, width }: Value): PlacedValue {
    if (input.steps === undefined || input.stepBytes === input.width * 4) {
      return { ...input, steps, width, ...(steps !== undefined && { stepBytes: width * 4 }) };
    }
    const together = this.#scratch(undefined, width, width * 4);
    this.#copy(input, { ...together, steps: input.steps, width: input.width, stepBytes: input.width * 4 });
    return together;
  }

  #combine({ kind, second, output }: CombineOperation, input: PlacedValue): PlacedValue {
    const result = this.#window(output);
    this.operations.push(...combineOperations(kind, input, this.#placed.get(second)!, result));
    return result;
  }

  #normalize({ layer, output }: NormalizeOperation, input: PlacedValue): PlacedValue {
    const result = this.#window(output);
    const weights = this.#constant(packNormalization(layer, this.#weights));
    this.operations.push(normalizeOperation(input, weights, result));
    return result;
  }

  /** Room for a value that stands as a window does, its steps one after the other. */
  #window({ steps, width }: Value): PlacedValue {
    const rowFloats = (steps ?? 1) * width;
    const scratch = this.#scratch(undefined, rowFloats, rowFloats * 4);
    return { ...scratch, steps, width, stepBytes: width * 4 };
  }

  #denseLayer({ layer, tiedTo }: DenseOperation, input: PlacedValue): PlacedValue {
    const { name, units, activation } = layer;
    const kernel = this.#weights.get(`${tiedTo ?? name}/kernel`)!.data;
    return this.#dense(input, {
      kernel: packDense(kernel, input.width, units, tiedTo !== undefined),
      bias: packDenseBias(this.#weights.get(`${name}/bias`)!.data, units),
      units,
      activation,
    });
  }

  #dense(input: PlacedValue, packed: PackedDense): PlacedValue {
    const output = this.#scratch(input.steps, packed.units, panelsOf(packed.units) * 32);
    const storages = { bias: this.#constant(packed.bias), kernel: this.#constant(packed.kernel) };
    this.operations.push(denseOperation(input, packed, storages, output));
    return output;
  }

  #recurrent({ kind, layer, times }: RecurrentOperation, from: PlacedValue): PlacedValue {
    const input = times === undefined ? from : { ...from, steps: times, stepBytes: 0 };
    const { name, units, returnSequences } = layer;
    const tiles = tilesOf(units);
    const packing = { gates: GATES[kind], units, scale: gateScale(layer.recurrentActivation) };
    const kernel = this.#weights.get(`${name}/kernel`)!.data;
    const bias = packRecurrentBias(packing, this.#weights.get(`${name}/bias`)!.data);
    const repeated = input.stepBytes === 0;
    const inputs = repeated ? 0 : input.width;
    const start = repeated
      ? this.#dense(
          { ...input, steps: undefined },
          {
            kernel: packDense(tileColumns(packing, kernel, input.width), input.width, TILE_WIDTH * tiles),
            bias,
            units: TILE_WIDTH * tiles,
            activation: "linear",
          },
        )
      : constantValue(this.#constant(bias), bias.length);
    const packed = packRecurrent(
      packing,
      kernel,
      this.#weights.get(`${name}/recurrent_kernel`)!.data,
      inputs,
    );
    const unitBytes = 16 * tiles;
    const scratch = (rowBytes: number): Storage => this.#scratch(undefined, units, rowBytes).storage;
    const output = this.#scratch(returnSequences ? input.steps : undefined, units, unitBytes);
    const state = { cell: scratch(unitBytes), output };
    this.#states.set(name, state);
    const first = layer.startsFrom === undefined ? undefined : this.#states.get(layer.startsFrom)!;
    const storages = {
      [OP_SUMS]: scratch(4 * unitBytes),
      ...(!returnSequences && { [OP_STATE_A]: scratch(unitBytes), [OP_STATE_B]: scratch(unitBytes) }),
      [OP_KERNEL]: this.#constant(packed),
    };
    this.operations.push(recurrentOperation(layer, { input, start, inputs, storages }, state, first));
    return output;
  }

  /** Puts a head's value where the job wants it: the operation that made it writes it there itself, if it can. */
  #deliver(value: PlacedValue, to: PlacedValue): void {
    const last = this.operations.at(-1);
    const isEmbedding = value.storage === this.#embedding?.storage;
    if (last === undefined || isEmbedding || !writeTo(last, value, to)) {
      this.#copy(value, to);
      return;
    }
    this.scratch.splice(
      this.scratch.findIndex((entry) => entry.storage === value.storage),
      1,
    );
  }

  #copy(from: PlacedValue, to: PlacedValue): void {
    this.operations.push(copyOperation(from, to));
  }

  #scratch(steps: number | undefined, width: number, rowBytes: number): PlacedValue {
    const storage = { place: PLACE_SCRATCH, offset: 0 };
    this.scratch.push({ storage, rowBytes: rowBytes * (steps ?? 1) });
    return { storage, rowBytes, stepBytes: STEP_OF_BLOCK, steps, width };
  }

  #constant(data: Float32Array): Storage {
    const storage = { place: PLACE_MEMORY, offset: 0 };
    this.constants.push({ storage, data });
    return storage;
  }
}
