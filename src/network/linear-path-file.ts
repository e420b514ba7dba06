/** The weights of a linear path as a model file has them: those of P, and the negated copy of its last layer. */
import { InputError } from "../errors.js";
import { linearPathLayers, linearPathSums, readsResidual } from "./linear-path.js";
import { inputWidth, type Network } from "./network.js";
import { type Shape, sizeOf } from "./shape.js";
import { haveSameBits, type Tensor } from "./weights.js";

/**
 * By name: the negated weights of a linear path in a model file, and those that they are a copy of; none where g reads the
 * window itself.
 */
export function negatedCopies(network: Network): Map<string, string> {
  if (!readsResidual(network)) return new Map();
  const { expand } = linearPathLayers(network.linearPath!, network);
  const { negated } = linearPathSums(network.linearPath!, network);
  return new Map(["kernel", "bias"].map((part) => [`${negated.name}/${part}`, `${expand.name}/${part}`]));
}

/** The shape of the negated copy of a weight: as many rows, and a column for every number of a window. */
export function negatedShape(shape: Shape, network: Network): Shape {
  return [...shape.slice(0, -1), network.inputSteps * inputWidth(network)];
}

/** The negated copy of a weight of the layer that gives Px: 0 where the window has covariates, of which P takes nothing. */
export function negatedCopy({ shape, data }: Tensor, network: Network): Tensor {
  const { features, covariates = 0 } = network;
  const copyShape = negatedShape(shape, network);
  const copy = new Float32Array(sizeOf(copyShape));
  for (let from = 0, to = 0; from < data.length; to += covariates) {
    for (let feature = 0; feature < features; feature++, from++, to++) copy[to] = -data[from]!;
  }
  return { shape: copyShape, data: copy };
}

/**
 * @throws InputError unless the copy is the negative of the original but for the sign bit for bit: with one that differs,
 * tfjs-layers would subtract another Px than it adds.
 */
export function checkNegated(
  [copyName, copy]: readonly [string, Tensor],
  [originalName, original]: readonly [string, Tensor],
  network: Network,
): void {
  if (!haveSameBits(copy.data, negatedCopy(original, network).data)) {
    throw new InputError(`"${copyName}" is not the negative of "${originalName}", whose copy it is.`);
  }
}

/**
 * @throws InputError where g reads what P leaves, and P reads a covariate: its first layer has weights for it that are
 *   not 0.
 */
export function checkReadsReadings(network: Network, weights: ReadonlyMap<string, Tensor>): void {
  if (!readsResidual(network)) return;
  const path = network.linearPath!;
  const { features } = network;
  const width = inputWidth(network);
  const name = `${linearPathLayers(path, network).project.name}/kernel`;
  const { data } = weights.get(name)!;
  const wrong = data.findIndex((weight, i) => {
    return Math.floor(i / path.components) % width >= features && weight !== 0;
  });
  if (wrong < 0) return;
  throw new InputError(
    `"${name}" has ${data[wrong]} in row ${Math.floor(wrong / path.components)}, which stands for a calendar input: a linear path is of the readings alone.`,
  );
}
