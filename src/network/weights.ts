/** The named float32 tensors of a network: initialised and checked. */
import { InputError } from "../errors.js";
import type { Initializer } from "./layers/description.js";
import { type Network, weightDescriptions, weightShapes } from "./network.js";
import { Random } from "./random.js";
import { sizeOf } from "./shape.js";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** By name as in `weightShapes`, such as `encoder_1/kernel`. */
export type Weights = ReadonlyMap<string, Tensor>;

/** `encoder_1/kernel` -> [`encoder_1`, `kernel`]. */
export function splitWeightName(name: string): [layer: string, part: string] {
  const slash = name.lastIndexOf("/");
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/** Whether two weights are the same bit for bit: -0 differs from 0, and a NaN is like itself. */
export function haveSameBits(a: Float32Array, b: Float32Array): boolean {
  const bits = ({ buffer, byteOffset, length }: Float32Array) => new Uint32Array(buffer, byteOffset, length);
  const wanted = bits(b);
  return a.length === b.length && bits(a).every((value, at) => value === wanted[at]);
}

/**
 * Weights to start training from: each filled as the layer's description says (`layers/description.ts`). The same seed
 * gives the same weights.
 */
export function initialWeights(network: Network, seed: number): Weights {
  const random = new Random(seed);
  const weights = new Map<string, Tensor>();
  for (const [name, { shape, initializer }] of weightDescriptions(network)) {
    weights.set(name, { shape, data: initialValues(shape, initializer, random) });
  }
  return weights;
}

function initialValues(shape: readonly number[], initializer: Initializer, random: Random): Float32Array {
  const size = sizeOf(shape);
  switch (initializer) {
    case "glorotUniform":
      return glorotUniform(shape[0]!, shape[1]!, random);
    case "orthogonal":
      return orthogonalRows(shape[0]!, shape[1]!, random);
    case "zeros":
      return new Float32Array(size);
    case "ones":
      return new Float32Array(size).fill(1);
    case "forgetGateOnes":
      return new Float32Array(size).fill(1, size / 4, size / 2);
  }
}

function glorotUniform(fanIn: number, fanOut: number, random: Random): Float32Array {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from({ length: fanIn * fanOut }, () => limit * (2 * random.uniform() - 1));
}

/**
 * [rows, columns], rows <= columns, with orthonormal rows: normally distributed rows made orthogonal by modified
 * Gram-Schmidt, which is the Q of their QR decomposition with a positive diagonal of R.
 */
function orthogonalRows(rows: number, columns: number, random: Random): Float32Array {
  const basis: Float64Array[] = [];
  const matrix = new Float32Array(rows * columns);
  while (basis.length < rows) {
    const vector = Float64Array.from({ length: columns }, () => random.normal());
    for (const earlier of basis) {
      const along = dot(vector, earlier);
      for (let i = 0; i < columns; i++) vector[i]! -= along * earlier[i]!;
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < columns; i++) vector[i]! /= length;
    matrix.set(vector, basis.length * columns);
    basis.push(vector);
  }
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** @throws InputError naming the weight, unless every weight of the network is there in its shape. */
export function checkWeightShapes(network: Network, weights: Weights): void {
  for (const [name, shape] of weightShapes(network)) {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new InputError(`Weight "${name}" is missing.`);
    if (tensor.shape.join() !== shape.join() || tensor.data.length !== sizeOf(shape)) {
      throw new InputError(
        `Weight "${name}" has shape [${tensor.shape.join(", ")}] and ${tensor.data.length} values, not shape [${shape.join(", ")}].`,
      );
    }
  }
}

/** @throws InputError naming the weight, unless they are exactly those of the network, all finite. */
export function checkWeights(network: Network, weights: Weights): void {
  checkWeightShapes(network, weights);
  const shapes = weightShapes(network);
  for (const name of shapes.keys()) {
    const { data } = weights.get(name)!;
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (value - value !== 0) throw new InputError(`Weight "${name}" holds ${value} at position ${i}.`);
    }
  }
  for (const name of weights.keys()) {
    if (!shapes.has(name)) throw new InputError(`Weight "${name}" belongs to no layer of the network.`);
  }
}
