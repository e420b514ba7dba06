/** A chain of our layers with their weights, as it grows while the layers of a Keras model are translated one by one. */
import { InputError } from "../errors.js";
import { descriptionOf } from "../network/layers/layers.js";
import { type Activation, type Layer, MAX_UNITS } from "../network/network.js";
import { type Shape, sizeOf } from "../network/shape.js";
import type { Tensor } from "../network/weights.js";
import { type DenseMap, mergeDense } from "./dense-map.js";
import { isDense, type Piece } from "./piece.js";

/** The most values of a matrix that stands for another kind of layer: 64 MB. */
const MOST_MATRIX_VALUES = 16_000_000;

export class Chain {
  readonly pieces: Piece[] = [];
  readonly notes: string[];
  /** The shape that the first layer reads. */
  readonly input: Shape;
  readonly #taken: Set<string>;
  #shape: Shape;

  /**
   * @param shape that the first layer reads
   * @param taken the names of layers that other chains of the network have; this one adds its own
   * @param notes receives sentences about what a user should know
   */
  constructor(shape: Shape, taken: Set<string>, notes: string[]) {
    this.input = shape;
    this.#shape = shape;
    this.#taken = taken;
    this.notes = notes;
  }

  /** After the layers so far: [N] or [T, N]. */
  get shape(): Shape {
    return this.#shape;
  }

  /** The number of values in a row: N of [N] or [T, N]. */
  get width(): number {
    return this.#shape[this.#shape.length - 1]!;
  }

  /** A name that no layer has: the wanted one, or that with a number. */
  name(wanted: string): string {
    const plain = wanted.replace(/[^\w.-]/g, "_");
    let name = plain;
    for (let n = 2; this.#taken.has(name); n++) name = `${plain}_${n}`;
    this.#taken.add(name);
    return name;
  }

  /**
   * Adds a layer.
   *
   * @param tensors the weights in the order of the layer's description.
   * @throws InputError where the layer does not fit the shape, or the weights do not fit the layer.
   */
  add(layer: Layer, tensors: readonly Tensor[] = [], isMade = false): void {
    const description = descriptionOf(layer);
    description.check(layer);
    const output = description.outputShape(layer, this.#shape);
    const wanted = description.weights(layer, this.#shape);
    const weights = new Map(
      wanted.map(({ part, shape }, index): [string, Tensor] => {
        const tensor = tensors[index];
        if (tensor === undefined || tensor.shape.join() !== shape.join()) {
          const found = tensor === undefined ? "missing" : `of shape [${tensor.shape.join(", ")}]`;
          throw new InputError(
            `The ${part} of layer "${layer.name}" is ${found}; it has to be [${shape.join(", ")}].`,
          );
        }
        return [part, tensor];
      }),
    );
    this.pieces.push({ layer, weights, isMade });
    this.#shape = output;
  }

  /** Adds a dense layer, at every timestep where the shape is a sequence. */
  addDense(name: string, map: DenseMap, isMade = false): void {
    const kind = this.#shape.length === 1 ? "dense" : "timeDistributedDense";
    const { activation } = map;
    const layer = { kind, name: this.name(name), units: map.outputs, activation } as const;
    this.add(
      layer,
      [
        { shape: [map.inputs, map.outputs], data: map.kernel },
        { shape: [map.outputs], data: map.bias },
      ],
      isMade,
    );
  }

  /** Applies an activation: within the dense layer before where it has none yet, else by a layer of its own. */
  activate(name: string, activation: Activation): void {
    if (activation === "linear") return;
    const { width } = this;
    const what = `The activation of layer "${name}"`;
    const last = this.pieces[this.pieces.length - 1];
    if (last !== undefined && isDense(last) && last.layer.activation === "linear") {
      this.pieces[this.pieces.length - 1] = { ...last, layer: { ...last.layer, activation } };
      return;
    }
    this.addDense(
      name,
      denseOf(
        what,
        width,
        width,
        (at) => {
          for (let i = 0; i < width; i++) at(i, i, 1);
        },
        activation,
      ),
      true,
    );
  }

  /** Makes a vector of a sequence, row by row. */
  flatten(name: string): void {
    if (this.#shape.length === 1) return;
    const last = this.pieces[this.pieces.length - 1];
    if (last?.isMade === true && last.layer.kind === "reshape") {
      this.pieces.pop();
      this.#shape = [sizeOf(this.#shape)];
      return;
    }
    this.add({ kind: "flatten", name: this.name(`${name}_flatten`) });
  }

  reshape(name: string, shape: readonly [number, number]): void {
    if (this.#shape.join() === shape.join()) return;
    this.flatten(name);
    this.add({ kind: "reshape", name: this.name(`${name}_reshape`), shape }, [], true);
  }

  /**
   * Adds any linear map of the whole value, as one matrix. What no kernel computes is exact this way, if not fast.
   *
   * @param what the kind of layer, for messages
   * @param output the shape that it gives: [N] or [T, N]
   * @param fill sets the numbers of the matrix, by the indices of the flattened input and output; they are added up
   */
  addMatrix(
    { name, what }: { readonly name: string; readonly what: string },
    output: Shape,
    fill: FillMatrix,
    bias?: (o: number) => number,
    activation: DenseMap["activation"] = "linear",
  ): void {
    const inputs = sizeOf(this.#shape);
    const outputs = sizeOf(output);
    const map = denseOf(`Layer "${name}" (${what})`, inputs, outputs, fill, activation);
    if (bias !== undefined) for (let o = 0; o < outputs; o++) map.bias[o] = bias(o);
    this.flatten(name);
    this.addDense(name, map, true);
    if (output.length === 2) this.reshape(name, [output[0]!, output[1]!]);
  }

  /** Merges made layers with their neighbours where that gives the same function with no more numbers. */
  merge(): void {
    for (let index = 0; index + 1 < this.pieces.length; ) {
      const merged = mergeDense(this.pieces[index]!, this.pieces[index + 1]!);
      if (merged === undefined) index++;
      else {
        this.pieces.splice(index, 2, merged);
        index = Math.max(index - 1, 0);
      }
    }
  }
}

/** Is called with a function that adds a number to the one at (input, output). */
export type FillMatrix = (at: (input: number, output: number, value: number) => void) => void;

/**
 * A dense layer by the numbers of its kernel; its bias is 0.
 *
 * @param what the layer that it stands for, as messages name it: `Layer "bn" (BatchNormalization)`
 * @throws InputError where it has too many numbers.
 */
export function denseOf(
  what: string,
  inputs: number,
  outputs: number,
  fill: FillMatrix,
  activation: DenseMap["activation"] = "linear",
): DenseMap {
  if (inputs * outputs > MOST_MATRIX_VALUES || outputs > 16 * MAX_UNITS) {
    throw new InputError(
      `${what} would be imported as a matrix of ${inputs} x ${outputs} numbers, and the most is ${MOST_MATRIX_VALUES}: shorter windows or fewer channels would fit.`,
    );
  }
  const kernel = new Float32Array(inputs * outputs);
  fill((input, output, value) => {
    kernel[input * outputs + output]! += value;
  });
  return { inputs, outputs, kernel, bias: new Float32Array(outputs), activation };
}
