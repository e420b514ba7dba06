/**
 * A network and a batch size as a plan: where every value stands in memory, the operations of the forward pass (run
 * in reverse for the backward one), and the products that then give the gradients of the weights.
 *
 * Rows of the batch depend on each other nowhere but in those products. So threads share out the rows first and the
 * products' tiles after, and every sum has one order: by rows within a tile.
 */
import {
  ACTIVATIONS,
  type Head,
  type Layer,
  layersWithShapes,
  type Network,
} from "../../../network/network.js";
import { BatchSpace, LINE_BYTES } from "./batch-space.js";
import { KernelTurns } from "./kernel-turns.js";
import { LANES, type ParameterLayout, paddedRow } from "./parameters.js";
import {
  LANE_MASKS,
  OPERATION_FIELDS,
  OPERATION_KINDS,
  type OperationField,
  type OperationKind,
  recordWords,
  type Value,
} from "./records.js";
import { WeightGradients } from "./weight-gradients.js";

/** What the values of a group may take: they are written once and read twice, and a cache still has them. */
const GROUP_BYTES = 6 * 2 ** 20;
/** Windows that a thread takes at a time; groups hold a multiple. */
export const BLOCK_WINDOWS = 8;

/** A group of windows: its values, and the tables of what is done with them. */
interface Pass {
  readonly space: BatchSpace;
  readonly operations: number;
  readonly operationCount: number;
  readonly weightGradients: number;
  readonly weightGradientCount: number;
  readonly turns: number;
  readonly turnCount: number;
}

export interface Plan {
  /** Windows there is room for. */
  readonly windows: number;
  readonly groupWindows: number;
  readonly inputs: number;
  readonly targets: number;
  readonly windowWeights: number;
  readonly losses: number;
  readonly squares: number;
  /** Of each thread, one after the other. */
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly group: Pass;
  /** The last group of a full batch, which may be smaller. */
  readonly lastGroup: Pass;
  /** The first byte after it all. */
  readonly end: number;
}

/** Addresses of the arrays of weights, of their gradients and of turned kernels. */
export interface ParameterAddresses {
  readonly weights: number;
  readonly gradients: number;
  readonly turnedKernels: number;
}

/** Plans batches of `windows` windows in the memory from `start` on, which is to be zero but for the passes' tables. */
export function planBatch(
  network: Network,
  layout: ParameterLayout,
  addresses: ParameterAddresses,
  windows: number,
  threads: number,
  start: number,
): Plan {
  const pass = (count: number, room: number, tables: number): Pass => {
    const planner = new Planner(network, layout, addresses, new BatchSpace(count, room, start));
    planner.addNetwork();
    return planner.finish(tables);
  };
  const blockBytes = pass(BLOCK_WINDOWS, BLOCK_WINDOWS, start).space.end - start;
  const blocks = Math.max(1, Math.floor(GROUP_BYTES / blockBytes));
  const groupWindows = Math.min(windows, blocks * BLOCK_WINDOWS);
  const group = pass(groupWindows, groupWindows, start);
  const rest = windows % groupWindows;
  const lastGroup = rest === 0 ? group : pass(rest, groupWindows, group.space.end);
  const { space } = lastGroup;
  const scratchBytes = blockScratchBytes(network);
  const windowBytes = network.timesteps * network.features * 4;
  return {
    windows,
    groupWindows,
    inputs: space.take(windows * windowBytes),
    targets: space.take(windows * windowBytes),
    windowWeights: space.take(windows * 4),
    losses: space.take(windows * 8),
    squares: space.take(group.weightGradientCount * 8),
    scratch: space.take(threads * scratchBytes),
    scratchBytes,
    group,
    lastGroup,
    end: space.end,
  };
}

/** What a thread needs for a moment, for each row of a block: four lines of sums, and all that a layer reads in a step. */
function blockScratchBytes(network: Network): number {
  const widths = layersWithShapes(network).map(({ layer, input }) => {
    const width = input.at(-1)!;
    return "units" in layer ? width + layer.units : width;
  });
  return BLOCK_WINDOWS * (4 * LINE_BYTES + paddedRow(Math.max(...widths)) * 4);
}

interface Operation {
  readonly kind: OperationKind;
  readonly input: Value;
  readonly output: Value;
  readonly fields: Partial<Record<OperationField, number>>;
}

class Planner {
  readonly #network: Network;
  readonly #layout: ParameterLayout;
  readonly #addresses: ParameterAddresses;
  readonly #space: BatchSpace;
  readonly #operations: Operation[] = [];
  readonly #weightGradients = new WeightGradients();
  readonly #turns = new KernelTurns();
  readonly #layerNumbers: Map<string, number>;

  constructor(network: Network, layout: ParameterLayout, addresses: ParameterAddresses, space: BatchSpace) {
    this.#network = network;
    this.#layout = layout;
    this.#addresses = addresses;
    this.#space = space;
    this.#layerNumbers = new Map(layersWithShapes(network).map(({ layer }, n) => [layer.name, n]));
  }

  addNetwork(): void {
    const { inputSteps, features, encoder, heads } = this.#network;
    const input = this.#space.takeValue(inputSteps, features, false);
    this.#operations.push({ kind: "load", input, output: input, fields: {} });
    const embedding = this.#addLayers(encoder, input);
    for (const head of heads) this.#addLoss(head, this.#addLayers(head.layers, embedding));
  }

  /** @param tables the address from which the tables may stand, if that is after the values. */
  finish(tables: number): Pass {
    const space = this.#space;
    space.skipTo(Math.max(tables, space.end));
    const addressOf = space.placeValues();
    const operations = this.#markAccumulation().map(({ kind, input, output, fields }) =>
      recordWords(OPERATION_FIELDS, {
        ...fields,
        kind: OPERATION_KINDS.indexOf(kind),
        input: addressOf(input),
        output: addressOf(output),
      }),
    );
    const weightGradients = this.#weightGradients.records();
    const turns = this.#turns.records();
    return {
      space,
      operations: space.addTable(operations),
      operationCount: operations.length,
      weightGradients: space.addTable(weightGradients),
      weightGradientCount: weightGradients.length,
      turns: space.addTable(turns),
      turnCount: turns.length,
    };
  }

  #addLayers(layers: readonly Layer[], input: Value): Value {
    let value = input;
    for (let n = 0; n < layers.length; n++) {
      const layer = layers[n]!;
      const next = layers[n + 1];
      if (layer.kind === "repeatVector" && next?.kind === "lstm") {
        value = this.#addLstm(next, value, layer.times);
        n++;
      } else value = this.#addLayer(layer, value);
    }
    return value;
  }

  #addLayer(layer: Layer, input: Value): Value {
    const asked = input.gradient !== 0;
    const like = (steps: number, width: number): Value => this.#space.takeValue(steps, width, asked);
    switch (layer.kind) {
      case "lstm":
        return this.#addLstm(layer, input, undefined);
      case "dense":
      case "timeDistributedDense":
        return this.#addDense(layer, input);
      case "repeatVector":
        return this.#add("repeat", input, like(layer.times, input.width), {});
      case "flatten":
        return this.#add("reshape", input, like(1, input.steps * input.width), {});
      case "reshape":
        return this.#add("reshape", input, like(...layer.shape), {});
      case "dropout":
        return this.#add("dropout", input, like(input.steps, input.width), {
          dropped: Math.floor(layer.rate * 2 ** 32),
          layer: this.#layerNumbers.get(layer.name)!,
        });
    }
  }

  /** @param times how often the input, a vector, is read; `undefined` for a sequence. */
  #addLstm(layer: Layer & { kind: "lstm" }, input: Value, times: number | undefined): Value {
    const parameters = this.#layout.lstm.get(layer.name)!;
    const { units } = layer;
    const windows = this.#space.windows;
    const steps = times ?? input.steps;
    const tiles = Math.ceil(units / 4);
    const stateRow = paddedRow(units) * 4;
    const stateStep = windows * stateRow;
    const states = this.#space.takeRows(steps, stateRow);
    const gatesStep = windows * LINE_BYTES;
    const gatesTile = this.#space.tileBytes(steps);
    const gates = this.#space.take(tiles * gatesTile);
    const projectedTile = times === undefined ? 0 : this.#space.tileBytes(1);
    const projected = times === undefined ? 0 : this.#space.take(tiles * projectedTile);
    const outputSteps = layer.returnSequences ? steps : 1;
    const output: Value = {
      steps: outputSteps,
      width: units,
      rowBytes: stateRow,
      stepBytes: stateStep,
      data: layer.returnSequences ? states : states + (steps - 1) * stateStep,
      gradient: this.#space.takeRows(outputSteps, stateRow),
    };
    this.#space.addValue(output);
    const { weights, gradients, turnedKernels } = this.#addresses;
    const kernel = { at: weights + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4, tiles };
    const recurrent = {
      at: weights + parameters.recurrentKernel * 4,
      tileBytes: parameters.recurrentTile * 4,
      tiles,
    };
    const turnedKernel = turnedKernels + parameters.turnedKernel * 4;
    const turnedRecurrent = turnedKernels + parameters.turnedRecurrent * 4;
    if (input.gradient !== 0) this.#turns.add(kernel, input.width, turnedKernel);
    this.#turns.add(recurrent, units, turnedRecurrent);
    this.#add("lstm", input, output, {
      activation: ACTIVATIONS.indexOf(layer.activation),
      recurrentActivation: ACTIVATIONS.indexOf(layer.recurrentActivation),
      kernel: kernel.at,
      kernelTile: kernel.tileBytes,
      recurrentKernel: recurrent.at,
      recurrentTile: recurrent.tileBytes,
      turnedKernel,
      turnedRecurrent,
      bias: weights + parameters.bias * 4,
      tiles,
      repeated: Number(times !== undefined),
      steps,
      units,
      gates,
      gatesTile,
      gatesStep,
      states,
      cells: this.#space.takeRows(steps, stateRow),
      stateRow,
      stateStep,
      cellGradient: this.#space.takeRows(1, stateRow),
      projected,
      projectedTile,
      lastUnits: laneMask(units),
    });
    // A repeated input meets the sum of its gates' gradients over time; the first step has no state before it.
    const met =
      times === undefined
        ? { at: gates, tiles, tileBytes: gatesTile, rows: steps * windows }
        : { at: projected, tiles, tileBytes: projectedTile, rows: windows };
    this.#weightGradients.addLstm(
      { at: input.data, rowBytes: input.rowBytes, width: input.width },
      met,
      { at: gradients + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4 },
      gradients + parameters.bias * 4,
    );
    this.#weightGradients.addLstm(
      { at: states, rowBytes: stateRow, width: units },
      { at: gates + gatesStep, tiles, tileBytes: gatesTile, rows: (steps - 1) * windows },
      { at: gradients + parameters.recurrentKernel * 4, tileBytes: parameters.recurrentTile * 4 },
      undefined,
    );
    return output;
  }

  #addDense(layer: Layer & { kind: "dense" | "timeDistributedDense" }, input: Value): Value {
    const parameters = this.#layout.dense.get(layer.name)!;
    const tied = layer.kind === "dense" && layer.tiedTo !== undefined;
    const output = this.#space.takeValue(input.steps, layer.units, true);
    const tiles = Math.ceil((tied ? layer.units : input.width) / LANES);
    const { weights, gradients, turnedKernels } = this.#addresses;
    const kernel = { at: weights + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4, tiles };
    const isTurned = parameters.turnedKernel !== undefined;
    const turnedKernel = isTurned ? turnedKernels + parameters.turnedKernel * 4 : 0;
    if (isTurned && !tied) this.#turns.add(kernel, layer.units, turnedKernel);
    this.#add("dense", input, output, {
      activation: ACTIVATIONS.indexOf(layer.activation),
      kernel: kernel.at,
      kernelTile: kernel.tileBytes,
      turnedKernel,
      bias: weights + parameters.bias * 4,
      tiles,
      tied: Number(tied),
      lastUnits: laneMask(layer.units),
    });
    this.#weightGradients.addDense(
      input,
      output,
      this.#space.windows,
      { at: gradients + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4 },
      gradients + parameters.bias * 4,
      tied,
    );
    return output;
  }

  #addLoss(head: Head, output: Value): void {
    this.#operations.push({
      kind: "loss",
      input: output,
      output,
      fields: { start: head.start, reversed: Number(head.reversed) },
    });
  }

  #add(
    kind: OperationKind,
    input: Value,
    output: Value,
    fields: Partial<Record<OperationField, number>>,
  ): Value {
    this.#operations.push({ kind, input, output, fields });
    return output;
  }

  /** The gradient of a value that several operations read: the first to run backwards sets it, the others add. */
  #markAccumulation(): readonly Operation[] {
    const written = new Set<Value>();
    return this.#operations
      .toReversed()
      .map((operation) => {
        const accumulate = Number(written.has(operation.input));
        written.add(operation.input);
        return { ...operation, fields: { ...operation.fields, accumulate } };
      })
      .toReversed();
  }
}

/** The address of the mask of the last four of `units`. */
function laneMask(units: number): number {
  return LANE_MASKS + ((units - 1) % 4) * 16;
}
