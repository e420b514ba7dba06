/** Places the operations of a plan for a group of windows, one after the other (placement.ts). */
import { unknownKind } from "../../../network/layers/description.js";
import {
  OP_ACCUMULATE,
  OP_ACCUMULATE_SECOND,
  OP_ACTIVATION,
  OP_ADD,
  OP_BIAS,
  OP_DENSE,
  OP_DROPOUT,
  OP_DROPPED,
  OP_FIRST_ROW,
  OP_INPUT,
  OP_KERNEL,
  OP_KERNEL_TILE,
  OP_LAST_UNITS,
  OP_LAYER,
  OP_LOAD,
  OP_LOSS,
  OP_OUTPUT,
  OP_REPEAT,
  OP_RESHAPE,
  OP_REVERSED,
  OP_SECOND_INPUT,
  OP_TIED,
  OP_TILES,
  OP_TRANSPOSED_KERNEL,
} from "../plan/layout.js";
import type { CombineOperation, DenseOperation, Operation, RecurrentOperation, Value } from "../plan/plan.js";
import { ACTIVATION_NUMBERS, operationRecord, type ValueRecord, type Words } from "../plan/records.js";
import type { BatchSpace } from "./batch-space.js";
import { LANES, type ParameterLayout } from "./parameters.js";
import {
  laneMask,
  type ParameterAddresses,
  type PlacedOperation,
  type PlacingContext,
  placeRecurrent,
} from "./recurrent.js";
import { Transpositions } from "./transpositions.js";
import { WeightGradients } from "./weight-gradients.js";

/** A group of windows: its values, and the tables of what is done with them. */
export interface Pass {
  readonly space: BatchSpace;
  readonly operations: number;
  readonly operationCount: number;
  readonly weightGradients: number;
  readonly weightGradientCount: number;
  readonly transpositions: number;
  readonly transpositionCount: number;
  /** Multiply-adds of the gradients of the weights; those of the forward pass are about as many. */
  readonly gradientWork: number;
}

/** Call `place` for each operation of a plan in order, and then `finish` once. */
export class Placer {
  readonly #context: PlacingContext;
  readonly #operations: PlacedOperation[] = [];
  readonly #placed = new Map<Value, ValueRecord>();

  constructor(layout: ParameterLayout, addresses: ParameterAddresses, space: BatchSpace) {
    const weightGradients = new WeightGradients();
    this.#context = { layout, addresses, space, weightGradients, transpositions: new Transpositions() };
  }

  place(operation: Operation): void {
    if (operation.kind === "load") {
      const value = this.#take(operation.output, false);
      this.#operations.push({ kind: OP_LOAD, input: value, output: value, words: {} });
      return;
    }
    const input = this.#placed.get(operation.input)!;
    switch (operation.kind) {
      case "lstm":
      case "gru":
        this.#recurrent(operation, input);
        break;
      case "dense":
        this.#dense(operation, input);
        break;
      case "repeat":
        this.#weightless(OP_REPEAT, operation, input);
        break;
      case "reshape":
        this.#weightless(OP_RESHAPE, operation, input);
        break;
      case "dropout":
        this.#weightless(OP_DROPOUT, operation, input, {
          [OP_DROPPED]: Math.floor(operation.rate * 2 ** 32),
          [OP_LAYER]: operation.layerNumber,
        });
        break;
      case "normalize":
        throw new TypeError("Trainers refuse networks with a LayerNormalization.");
      case "add":
        this.#sum(operation, input);
        break;
      case "subtract":
        throw new TypeError("Trainers refuse networks whose encoder reads what a linear path leaves.");
      case "embedding":
        // Only inference answers with it.
        break;
      case "head": {
        // Px alone is not trained: it has its share in the reconstruction.
        if (operation.head.name === "linear") break;
        const { start, reversed } = operation.head;
        const words = { [OP_FIRST_ROW]: start, [OP_REVERSED]: Number(reversed) };
        this.#operations.push({ kind: OP_LOSS, input, output: input, words });
        break;
      }
      default:
        unknownKind(operation);
    }
  }

  /** @param tables the address from which the tables may stand, if that is after the values. */
  finish(tables: number): Pass {
    const { space, weightGradients: products, transpositions: kernels } = this.#context;
    space.skipTo(Math.max(tables, space.end));
    const operations = this.#accumulating().map(({ kind, input, output, second, words }) =>
      operationRecord(kind, words, {
        [OP_INPUT]: input,
        [OP_OUTPUT]: output,
        ...(second && { [OP_SECOND_INPUT]: second }),
      }),
    );
    const weightGradients = products.records();
    const transpositions = kernels.records();
    return {
      space,
      operations: space.addTable(operations),
      operationCount: operations.length,
      weightGradients: space.addTable(weightGradients),
      weightGradientCount: weightGradients.length,
      transpositions: space.addTable(transpositions),
      transpositionCount: transpositions.length,
      gradientWork: products.work,
    };
  }

  #take(value: Value, needsGradient: boolean): ValueRecord {
    const placed = this.#context.space.takeValue(value.steps ?? 1, value.width, needsGradient);
    this.#placed.set(value, placed);
    return placed;
  }

  #weightless(kind: number, { output }: { output: Value }, input: ValueRecord, words: Words = {}): void {
    this.#operations.push({ kind, input, output: this.#take(output, input.gradient !== 0), words });
  }

  #sum({ second: other, output }: CombineOperation, input: ValueRecord): void {
    const second = this.#placed.get(other)!;
    const needsGradient = input.gradient !== 0 || second.gradient !== 0;
    this.#operations.push({
      kind: OP_ADD,
      input,
      second,
      output: this.#take(output, needsGradient),
      words: {},
    });
  }

  #recurrent(operation: RecurrentOperation, input: ValueRecord): void {
    const placed = placeRecurrent(this.#context, operation, input);
    this.#placed.set(operation.output, placed.output);
    this.#operations.push(placed);
  }

  #dense({ layer, tiedTo, output: result }: DenseOperation, input: ValueRecord): void {
    const { layout, addresses, space, weightGradients, transpositions } = this.#context;
    const parameters = layout.dense.get(layer.name)!;
    const tied = tiedTo !== undefined;
    const output = this.#take(result, true);
    const tiles = Math.ceil((tied ? layer.units : input.width) / LANES);
    const { weights, gradients, transposedKernels } = addresses;
    const kernel = { at: weights + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4, tiles };
    const isTransposed = parameters.transposedKernel !== undefined;
    const transposedKernel = isTransposed ? transposedKernels + parameters.transposedKernel * 4 : 0;
    if (isTransposed && !tied) transpositions.add(kernel, layer.units, transposedKernel);
    this.#operations.push({
      kind: OP_DENSE,
      input,
      output,
      words: {
        [OP_ACTIVATION]: ACTIVATION_NUMBERS[layer.activation],
        [OP_KERNEL]: kernel.at,
        [OP_KERNEL_TILE]: kernel.tileBytes,
        [OP_TRANSPOSED_KERNEL]: transposedKernel,
        [OP_BIAS]: weights + parameters.bias * 4,
        [OP_TILES]: tiles,
        [OP_TIED]: Number(tied),
        [OP_LAST_UNITS]: laneMask(layer.units),
      },
    });
    weightGradients.addDense(
      { input, output, windows: space.windows, tied },
      { at: gradients + parameters.kernel * 4, tileBytes: parameters.kernelTile * 4 },
      gradients + parameters.bias * 4,
    );
  }

  /** The gradient of a value that several operations read: the first to run backwards sets it, the others add to it. */
  #accumulating(): readonly PlacedOperation[] {
    const written = new Set<ValueRecord>();
    return this.#operations
      .toReversed()
      .map((operation) => {
        const { input, second } = operation;
        const words = { ...operation.words, [OP_ACCUMULATE]: Number(written.has(input)) };
        written.add(input);
        if (second === undefined) return { ...operation, words };
        const accumulateSecond = Number(written.has(second));
        written.add(second);
        return { ...operation, words: { ...words, [OP_ACCUMULATE_SECOND]: accumulateSecond } };
      })
      .toReversed();
  }
}
