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
import { LANES, type ParameterLayout, paddedRow } from "./parameters.js";
import {
  LANE_MASKS,
  OPERATION_FIELDS,
  OPERATION_KINDS,
  type OperationField,
  type OperationKind,
  recordWords,
  VALUE_FIELDS,
  type Value,
  WEIGHT_GRADIENT_FIELDS,
  type WeightGradient,
} from "./records.js";

const LINE_BYTES = 64;
/** Tiles of one product: enough to use a row of the left matrix while it is near, few enough to share out evenly. */
const PRODUCT_TILES = 4;

export interface Plan {
  /** Windows there is room for. */
  readonly windows: number;
  readonly inputs: number;
  readonly targets: number;
  readonly losses: number;
  readonly operations: number;
  readonly operationCount: number;
  readonly weightGradients: number;
  readonly weightGradientCount: number;
  readonly squares: number;
  /** The first byte after it. */
  readonly end: number;
  /** Puts the tables into memory, everything else of which is to be zero. */
  write(memory: SharedArrayBuffer): void;
}

/** Addresses of the arrays of weights and of their gradients. */
export interface ParameterAddresses {
  readonly weights: number;
  readonly gradients: number;
}

/** Plans batches of `windows` windows in the memory from `start` on. */
export function planBatch(
  network: Network,
  layout: ParameterLayout,
  addresses: ParameterAddresses,
  windows: number,
  start: number,
): Plan {
  const planner = new Planner(network, layout, addresses, windows, start);
  planner.addNetwork();
  return planner.finish();
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
  readonly #windows: number;
  #end: number;
  readonly #values: Value[] = [];
  readonly #operations: Operation[] = [];
  /** Products that have to follow on each other stand together. */
  readonly #products: WeightGradient[][] = [];
  readonly #productsOfKernel = new Map<number, WeightGradient[][]>();
  readonly #layerNumbers: Map<string, number>;

  constructor(
    network: Network,
    layout: ParameterLayout,
    addresses: ParameterAddresses,
    windows: number,
    start: number,
  ) {
    this.#network = network;
    this.#layout = layout;
    this.#addresses = addresses;
    this.#windows = windows;
    this.#end = start;
    this.#layerNumbers = new Map(layersWithShapes(network).map(({ layer }, n) => [layer.name, n]));
  }

  addNetwork(): void {
    const { inputSteps, features, encoder, heads } = this.#network;
    const input = this.#value(inputSteps, features, false);
    this.#operations.push({ kind: "load", input, output: input, fields: {} });
    const embedding = this.#addLayers(encoder, input);
    for (const head of heads) this.#addLoss(head, this.#addLayers(head.layers, embedding));
  }

  finish(): Plan {
    const windowBytes = this.#network.timesteps * this.#network.features * 4;
    const inputs = this.#take(this.#windows * windowBytes);
    const targets = this.#take(this.#windows * windowBytes);
    const losses = this.#take(this.#windows * 8);
    const values = this.#take(this.#values.length * VALUE_FIELDS.length * 4);
    const valueAt = (value: Value): number => values + this.#values.indexOf(value) * VALUE_FIELDS.length * 4;
    const valueWords = this.#values.map((value) => recordWords(VALUE_FIELDS, value));
    const operationWords = this.#markAccumulation().map(({ kind, input, output, fields }) =>
      recordWords(OPERATION_FIELDS, {
        ...fields,
        kind: OPERATION_KINDS.indexOf(kind),
        input: valueAt(input),
        output: valueAt(output),
      }),
    );
    const operations = this.#take(this.#operations.length * OPERATION_FIELDS.length * 4);
    // The longest first, so that threads end together.
    const work = (chain: readonly WeightGradient[]): number =>
      chain.reduce((sum, { rows = 0, depth = 0, tiles = 0 }) => sum + rows * depth * tiles, 0);
    const productWords = [...this.#products]
      .sort((a, b) => work(b) - work(a))
      .flatMap((chain) => chain.map((product, n) => ({ ...product, chained: Number(n > 0) })))
      .map((product) => recordWords(WEIGHT_GRADIENT_FIELDS, product));
    const weightGradients = this.#take(productWords.length * WEIGHT_GRADIENT_FIELDS.length * 4);
    const squares = this.#take(productWords.length * 8);
    return {
      windows: this.#windows,
      inputs,
      targets,
      losses,
      operations,
      operationCount: operationWords.length,
      weightGradients,
      weightGradientCount: productWords.length,
      squares,
      end: this.#end,
      write(memory) {
        const put = (address: number, table: readonly Int32Array[]): void => {
          const words = new Int32Array(memory, address);
          table.forEach((record, n) => {
            words.set(record, n * record.length);
          });
        };
        put(values, valueWords);
        put(operations, operationWords);
        put(weightGradients, productWords);
      },
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
    const like = (steps: number, width: number): Value => this.#value(steps, width, asked);
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
    const windows = this.#windows;
    const steps = times ?? input.steps;
    const tiles = Math.ceil(units / 4);
    const stateRow = paddedRow(units) * 4;
    const stateStep = windows * stateRow;
    const states = this.#take(steps * stateStep);
    const gatesStep = windows * LINE_BYTES;
    const gatesTile = paddedLines(steps * windows) * LINE_BYTES;
    const gates = this.#take(tiles * gatesTile);
    const projectedTile = times === undefined ? 0 : paddedLines(windows) * LINE_BYTES;
    const projected = times === undefined ? 0 : this.#take(tiles * projectedTile);
    const outputSteps = layer.returnSequences ? steps : 1;
    const output: Value = {
      steps: outputSteps,
      width: units,
      rowBytes: stateRow,
      stepBytes: stateStep,
      data: layer.returnSequences ? states : states + (steps - 1) * stateStep,
      gradient: this.#take(outputSteps * stateStep),
    };
    this.#values.push(output);
    const { weights, gradients } = this.#addresses;
    this.#add("lstm", input, output, {
      activation: ACTIVATIONS.indexOf(layer.activation),
      recurrentActivation: ACTIVATIONS.indexOf(layer.recurrentActivation),
      kernel: weights + parameters.kernel * 4,
      kernelTile: parameters.kernelTile * 4,
      recurrentKernel: weights + parameters.recurrentKernel * 4,
      recurrentTile: parameters.recurrentTile * 4,
      bias: weights + parameters.bias * 4,
      tiles,
      repeated: Number(times !== undefined),
      steps,
      units,
      gates,
      gatesTile,
      gatesStep,
      states,
      cells: this.#take(steps * stateStep),
      stateRow,
      stateStep,
      cellGradient: this.#take(stateStep),
      projected,
      projectedTile,
      lastUnits: laneMask(units),
    });
    // A repeated input meets the sum of its gates' gradients over time; the first step has no state before it.
    const before =
      times === undefined
        ? { rows: steps * windows, b: gates, bTile: gatesTile }
        : { rows: windows, b: projected, bTile: projectedTile };
    const kernel: WeightGradient = {
      ...before,
      depth: input.width,
      tiles,
      a: input.data,
      aRow: input.rowBytes,
      bRow: LINE_BYTES,
      c: gradients + parameters.kernel * 4,
      cTile: parameters.kernelTile * 4,
      biasTiles: tiles,
      summedRows: before.rows,
      summed: before.b,
      summedTile: before.bTile,
      summedRow: LINE_BYTES,
      bias: gradients + parameters.bias * 4,
    };
    const recurrent: WeightGradient = {
      ...kernel,
      rows: (steps - 1) * windows,
      depth: units,
      a: states,
      aRow: stateRow,
      b: gates + gatesStep,
      bTile: gatesTile,
      c: gradients + parameters.recurrentKernel * 4,
      cTile: parameters.recurrentTile * 4,
      biasTiles: 0,
    };
    this.#products.push(...splitTiles(kernel).map((part) => [part]));
    if (steps > 1) this.#products.push(...splitTiles(recurrent).map((part) => [part]));
    return output;
  }

  #addDense(layer: Layer & { kind: "dense" | "timeDistributedDense" }, input: Value): Value {
    const parameters = this.#layout.dense.get(layer.name)!;
    const tied = layer.kind === "dense" && layer.tiedTo !== undefined;
    const output = this.#value(input.steps, layer.units, true);
    const tiles = Math.ceil((tied ? layer.units : input.width) / LANES);
    const { weights, gradients } = this.#addresses;
    this.#add("dense", input, output, {
      activation: ACTIVATIONS.indexOf(layer.activation),
      kernel: weights + parameters.kernel * 4,
      kernelTile: parameters.kernelTile * 4,
      bias: weights + parameters.bias * 4,
      tiles,
      tied: Number(tied),
      lastUnits: laneMask(layer.units),
    });
    const [left, right] = tied ? [input, output] : [output, input];
    const rows = input.steps * this.#windows;
    const product: WeightGradient = {
      rows,
      depth: left.width,
      tiles,
      a: tied ? left.data : left.gradient,
      aRow: left.rowBytes,
      b: tied ? right.gradient : right.data,
      bTile: LINE_BYTES,
      bRow: right.rowBytes,
      c: gradients + parameters.kernel * 4,
      cTile: parameters.kernelTile * 4,
      accumulate: Number(tied),
    };
    const parts = splitTiles(product).map((part) => [part]);
    const shared = this.#productsOfKernel.get(parameters.kernel);
    if (shared === undefined) {
      this.#productsOfKernel.set(parameters.kernel, parts);
      this.#products.push(...parts);
    } else {
      // Both uses of a tied matrix add to the same gradient, in this order.
      shared.forEach((chain, n) => {
        chain.push(...parts[n]!);
      });
    }
    this.#products.push([
      {
        biasTiles: Math.ceil(layer.units / LANES),
        summedRows: rows,
        summed: output.gradient,
        summedTile: LINE_BYTES,
        summedRow: output.rowBytes,
        bias: gradients + parameters.bias * 4,
      },
    ]);
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

  #value(steps: number, width: number, asked: boolean): Value {
    const rowBytes = paddedRow(width) * 4;
    const stepBytes = this.#windows * rowBytes;
    const value: Value = {
      steps,
      width,
      rowBytes,
      stepBytes,
      data: this.#take(steps * stepBytes),
      gradient: asked ? this.#take(steps * stepBytes) : 0,
    };
    this.#values.push(value);
    return value;
  }

  #take(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    return at;
  }
}

/** An odd multiple of eight lines: eight rows of neighbouring tiles fall on different sets of the cache. */
function paddedLines(lines: number): number {
  return (Math.ceil(lines / 8) | 1) * 8;
}

/** The address of the mask of the last four of `units`. */
function laneMask(units: number): number {
  return LANE_MASKS + ((units - 1) % 4) * 16;
}

/** The same product in parts of a few tiles. */
function splitTiles(product: WeightGradient): WeightGradient[] {
  const { tiles = 0, b = 0, bTile = 0, c = 0, cTile = 0 } = product;
  const { biasTiles = 0, summed = 0, summedTile = 0, bias = 0 } = product;
  return Array.from({ length: Math.ceil(tiles / PRODUCT_TILES) }, (_, n) => {
    const first = n * PRODUCT_TILES;
    const count = Math.min(PRODUCT_TILES, tiles - first);
    return {
      ...product,
      tiles: count,
      b: b + first * bTile,
      c: c + first * cTile,
      biasTiles: biasTiles > 0 ? count : 0,
      summed: summed + first * summedTile,
      bias: bias + first * LINE_BYTES,
    };
  });
}
