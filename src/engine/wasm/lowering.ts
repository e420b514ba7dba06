/**
 * A network as a plan: the few operations the kernels know, over values whose places are fixed.
 *
 * Dropout is nothing when a network runs, flattening and reshaping are other names for the same bytes where those
 * stand together, and a repeated vector is a sequence whose step stride is 0: an LSTM that reads one projects it
 * once, and starts every step's sums from that.
 */
import type { Activation, Layer, LstmLayer, Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import {
  LSTM_CELL,
  LSTM_RECURRENT_ACTIVATION,
  LSTM_SEQUENCES,
  LSTM_STATE_A,
  LSTM_STATE_B,
  LSTM_SUMS,
  LSTM_TILES,
  OP_ACTIVATION,
  OP_COPY,
  OP_DENSE,
  OP_FROM,
  OP_LSTM,
  OP_START,
  OP_TO,
  OP_WIDTH_IN,
  OP_WIDTH_OUT,
  PLACE_INPUT,
  PLACE_MEMORY,
  PLACE_OUTPUT,
  PLACE_SCRATCH,
  STEP_OF_BLOCK,
} from "./layout.js";
import { ACTIVATION_NUMBERS, type Lowered, type Operation, type Storage, type Value } from "./operations.js";
import {
  gateScale,
  packDense,
  packDenseBias,
  packedLstmLength,
  packLstm,
  packLstmBias,
  panelsOf,
  tileKernel,
  tilesOf,
} from "./packing.js";

/** Lowers a valid network. */
export function lower(network: Network, weights: Weights): Lowered {
  const lowering = new Lowering(weights);
  const input: Value = {
    storage: { place: PLACE_INPUT, offset: 0 },
    rowStride: network.timesteps * network.features * 4,
    stepStride: network.features * 4,
    steps: network.inputSteps,
    width: network.features,
  };
  const embedding = lowering.chain(network.encoder, input);
  lowering.copy(embedding, output(0, undefined, embedding.width));
  network.heads.forEach((head, index) => {
    lowering.deliver(
      lowering.chain(head.layers, embedding),
      output(index + 1, head.steps, network.features),
      embedding,
    );
  });
  return lowering;
}

/** Output `index` of a job: row after row, without gaps. */
function output(index: number, steps: number | undefined, width: number): Value {
  return {
    storage: { place: PLACE_OUTPUT + index, offset: 0 },
    rowStride: (steps ?? 1) * width * 4,
    stepStride: width * 4,
    steps,
    width,
  };
}

class Lowering implements Lowered {
  readonly operations: Operation[] = [];
  readonly constants: { storage: Storage; data: Float32Array }[] = [];
  readonly scratch: { storage: Storage; rowBytes: number }[] = [];
  readonly #weights: Weights;

  constructor(weights: Weights) {
    this.#weights = weights;
  }

  chain(layers: readonly Layer[], input: Value): Value {
    return layers.reduce((value, layer) => this.#layer(layer, value), input);
  }

  /** Puts a head's value where it is to be: the dense layer that made it writes there itself. */
  deliver(value: Value, to: Value, embedding: Value): void {
    const last = this.operations.at(-1);
    const made = last?.values.get(OP_TO);
    if (
      last?.kind !== OP_DENSE ||
      made === undefined ||
      value.storage === embedding.storage ||
      !sameBytes(made, value)
    ) {
      this.copy(value, to);
      return;
    }
    this.scratch.splice(
      this.scratch.findIndex((entry) => entry.storage === made.storage),
      1,
    );
    // A layer that gives a vector writes all of the head in its one step.
    const width = made.steps === undefined ? made.width : to.width;
    last.values.set(OP_TO, { ...to, steps: made.steps, width, stepStride: width * 4 });
  }

  copy(from: Value, to: Value): void {
    this.operations.push({
      kind: OP_COPY,
      steps: from.steps ?? 1,
      words: new Map([[OP_WIDTH_IN, from.width]]),
      values: new Map([
        [OP_FROM, from],
        [OP_TO, to],
      ]),
      weights: undefined,
    });
  }

  #layer(layer: Layer, input: Value): Value {
    switch (layer.kind) {
      case "dropout":
        return input;
      case "repeatVector":
        return { ...input, steps: layer.times, stepStride: 0 };
      case "reshape":
        return { ...input, steps: layer.shape[0], width: layer.shape[1], stepStride: layer.shape[1] * 4 };
      case "flatten":
        return this.#flatten(input);
      case "dense":
        return this.#dense(
          input,
          packDense(
            this.#weight(`${layer.tiedTo ?? layer.name}/kernel`),
            input.width,
            layer.units,
            layer.tiedTo !== undefined,
          ),
          packDenseBias(this.#weight(`${layer.name}/bias`), layer.units),
          layer.units,
          layer.activation,
        );
      case "timeDistributedDense":
        return this.#dense(
          input,
          packDense(this.#weight(`${layer.name}/kernel`), input.width, layer.units),
          packDenseBias(this.#weight(`${layer.name}/bias`), layer.units),
          layer.units,
          layer.activation,
        );
      case "lstm":
        return this.#lstm(layer, input);
    }
  }

  #flatten(input: Value): Value {
    const steps = input.steps!;
    const flat = steps * input.width;
    if (input.stepStride === input.width * 4) return { ...input, steps: undefined, width: flat };
    const together = this.#scratch(undefined, flat, flat * 4);
    this.copy(input, { ...together, steps, width: input.width, stepStride: input.width * 4 });
    return together;
  }

  #dense(
    input: Value,
    kernel: Float32Array,
    bias: Float32Array,
    units: number,
    activation: Activation,
  ): Value {
    const result = this.#scratch(input.steps, units, panelsOf(units) * 32);
    this.operations.push({
      kind: OP_DENSE,
      steps: input.steps ?? 1,
      words: new Map([
        [OP_ACTIVATION, ACTIVATION_NUMBERS[activation]],
        [OP_WIDTH_IN, input.width],
        [OP_WIDTH_OUT, units],
      ]),
      values: new Map([
        [OP_FROM, input],
        [OP_TO, result],
        [OP_START, this.#constant(bias)],
      ]),
      weights: this.#put(kernel),
    });
    return result;
  }

  #lstm(layer: LstmLayer, input: Value): Value {
    const { units } = layer;
    const tiles = tilesOf(units);
    const kernel = this.#weight(`${layer.name}/kernel`);
    const recurrentKernel = this.#weight(`${layer.name}/recurrent_kernel`);
    const scale = gateScale(layer.recurrentActivation);
    const bias = packLstmBias(this.#weight(`${layer.name}/bias`), units, scale);
    const repeated = input.stepStride === 0;
    const inputs = repeated ? 0 : input.width;
    const start = repeated
      ? this.#dense(
          { ...input, steps: undefined },
          packDense(tileKernel(kernel, input.width, units, scale), input.width, 16 * tiles),
          bias,
          16 * tiles,
          "linear",
        )
      : this.#constant(bias);
    const packed = new Float32Array(packedLstmLength(inputs, units));
    packLstm(packed, kernel, recurrentKernel, inputs, units, scale);
    const unitBytes = 16 * tiles;
    const result = this.#scratch(layer.returnSequences ? input.steps : undefined, units, unitBytes);
    const values = new Map([
      [OP_FROM, input],
      [OP_TO, result],
      [OP_START, start],
      [LSTM_CELL, this.#scratch(undefined, units, unitBytes)],
      [LSTM_SUMS, this.#scratch(undefined, 4 * units, 4 * unitBytes)],
    ]);
    if (!layer.returnSequences) {
      values.set(LSTM_STATE_A, this.#scratch(undefined, units, unitBytes));
      values.set(LSTM_STATE_B, this.#scratch(undefined, units, unitBytes));
    }
    this.operations.push({
      kind: OP_LSTM,
      steps: input.steps!,
      words: new Map([
        [OP_ACTIVATION, ACTIVATION_NUMBERS[layer.activation]],
        [LSTM_RECURRENT_ACTIVATION, ACTIVATION_NUMBERS[layer.recurrentActivation]],
        [OP_WIDTH_IN, inputs],
        [LSTM_TILES, tiles],
        [LSTM_SEQUENCES, Number(layer.returnSequences)],
      ]),
      values,
      weights: this.#put(packed),
    });
    return result;
  }

  #scratch(steps: number | undefined, width: number, rowStride: number): Value {
    const storage = { place: PLACE_SCRATCH, offset: 0 };
    this.scratch.push({ storage, rowBytes: rowStride * (steps ?? 1) });
    return { storage, rowStride, stepStride: STEP_OF_BLOCK, steps, width };
  }

  #constant(data: Float32Array): Value {
    return { storage: this.#put(data), rowStride: 0, stepStride: 0, steps: undefined, width: data.length };
  }

  #put(data: Float32Array): Storage {
    const storage = { place: PLACE_MEMORY, offset: 0 };
    this.constants.push({ storage, data });
    return storage;
  }

  #weight(name: string): Float32Array {
    return this.#weights.get(name)!.data;
  }
}

/** Whether a dense layer's result was at most reshaped since, so that it can be written where it is to be at once. */
function sameBytes(made: Value, value: Value): boolean {
  return (
    made.storage === value.storage &&
    value.stepStride !== 0 &&
    (made.steps ?? 1) * made.width === (value.steps ?? 1) * value.width
  );
}
