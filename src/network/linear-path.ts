/**
 * A linear path beside an autoencoder g: x̂ = Px + g(x), or x̂ = Px + g(x - Px).
 *
 *   Px = (flatten(x) . project + bias) . expand + bias
 *
 * P follows the slow changes of normal data that a few principal components describe, and g describes what is left. For
 * principal components C [T * F, k] (orthonormal columns) and a mean m [T * F] of windows, `project` is C with the bias
 * -m.C, and `expand` is C transposed with the bias m.
 *
 * These are where a P begins that is trained with g, beside a g that reads x; a P that is kept stands before a g that
 * reads x - Px.
 *
 * Px is [T, F], also where the rows of a window have covariates behind their readings (network.ts). The rows of `project`
 * that stand for covariates begin as 0, and stay 0 where g reads x - Px. g reads the covariates as they are.
 */
import { InputError } from "../errors.js";
import type { DenseLayer } from "./layers/dense.js";
import type { Layer } from "./layers/layers.js";
import type { FlattenLayer, ReshapeLayer } from "./layers/shapes.js";
import { checkWithin } from "./limits.js";

/** The linear path of a network whose windows have F readings a row. */
export interface LinearPath {
  /** Its layers are named `<name>_project`, `<name>_expand`, ... */
  readonly name: string;
  /** k: the components a window is projected on. */
  readonly components: number;
  /** What g reads: the window x itself; where it is left out, x - Px. */
  readonly encoderReads?: "window";
}

/** The four layers of P in order, from a window [T, F + C] to Px [T, F]. */
export interface LinearPathLayers {
  readonly flatten: FlattenLayer;
  readonly project: DenseLayer;
  readonly expand: DenseLayer;
  readonly window: ReshapeLayer;
}

/** The windows that P reads. */
export interface WindowShape {
  readonly inputSteps: number;
  /** F: readings of a row. */
  readonly features: number;
  /** C: numbers behind them that P leaves as they are; none where it is left out. */
  readonly covariates?: number | undefined;
}

/** What a linear path has to fit in a network (network.ts). */
interface NetworkParts extends WindowShape {
  readonly timesteps: number;
  readonly encoder: readonly Layer[];
  readonly heads: readonly {
    readonly name: string;
    readonly start: number;
    readonly steps: number;
    readonly reversed: boolean;
    readonly layers: readonly Layer[];
  }[];
  readonly linearPath?: LinearPath;
}

/** The layers of a linear path by what they do. */
export function linearPathLayers(
  { name, components }: LinearPath,
  { inputSteps, features }: WindowShape,
): LinearPathLayers {
  const dense = (part: string, units: number): DenseLayer => ({
    kind: "dense",
    name: `${name}_${part}`,
    units,
    activation: "linear",
  });
  return {
    flatten: { kind: "flatten", name: `${name}_flatten` },
    project: dense("project", components),
    expand: dense("expand", inputSteps * features),
    window: { kind: "reshape", name: `${name}_window`, shape: [inputSteps, features] },
  };
}

/**
 * What a model file has besides the layers of P: the addition that gives the reconstruction, and, where g reads x - Px,
 * another one and a second `expand` with negated weights, which gives -Px, because TF.js has no layer that subtracts. The
 * second `expand` has 0 where the window has covariates.
 */
export interface LinearPathSums {
  readonly negated: DenseLayer;
  readonly negatedWindow: ReshapeLayer;
  /** The name of the layer that gives x + (-Px), which g reads. */
  readonly residual: string;
  /** The name of the layer that gives Px + g(x - Px), the output `reconstruction`. */
  readonly reconstruction: string;
}

/** As LinearPathSums, for a network whose windows have that shape. */
export function linearPathSums(path: LinearPath, shape: WindowShape): LinearPathSums {
  const { expand, window } = linearPathLayers(path, shape);
  const { name } = path;
  const { inputSteps, features, covariates = 0 } = shape;
  const width = features + covariates;
  return {
    negated: { ...expand, name: `${name}_negated`, units: inputSteps * width },
    negatedWindow: { ...window, name: `${name}_negated_window`, shape: [inputSteps, width] },
    residual: `${name}_residual`,
    reconstruction: `${name}_reconstruction`,
  };
}

/** Whether the encoder reads x - Px. */
export function readsResidual({ linearPath }: { readonly linearPath?: LinearPath }): boolean {
  return linearPath !== undefined && linearPath.encoderReads === undefined;
}

/** The layers of P in order; none for a network without a linear path. */
export function layersOfLinearPath(network: NetworkParts): readonly Layer[] {
  if (network.linearPath === undefined) return [];
  const { flatten, project, expand, window } = linearPathLayers(network.linearPath, network);
  return [flatten, project, expand, window];
}

/** @throws InputError where the network has a linear path that does not fit it, or the head of one that it lacks. */
export function checkLinearPath(network: NetworkParts): void {
  const { linearPath, heads, timesteps, inputSteps, features } = network;
  const fail = (sentence: string): never => {
    throw new InputError(sentence);
  };
  if (linearPath === undefined) {
    if (heads.some(({ name }) => name === "linear")) fail('Head "linear" needs a linear path.');
    return;
  }
  checkWithin("components of the linear path", linearPath.components, 1, inputSteps * features);
  if (inputSteps !== timesteps) {
    fail(`A linear path reads whole windows, and the encoder reads ${inputSteps} of ${timesteps} rows.`);
  }
  if (heads.map(({ name }) => name).join() !== "reconstruction,linear") {
    fail("A network with a linear path has the heads reconstruction and linear, in this order.");
  }
  for (const { name, start, steps, reversed, layers } of heads) {
    if (reversed) fail(`Head "${name}" is reversed, which a linear path does not allow.`);
    if (start !== 0 || steps !== timesteps) fail(`Head "${name}" has to answer for all rows of the window.`);
    if (name === "linear" && layers.length > 0) fail('Head "linear" has no layers of its own.');
  }
  const { negated, negatedWindow, residual, reconstruction } = linearPathSums(linearPath, network);
  const reserved = new Set([negated.name, negatedWindow.name, residual, reconstruction]);
  for (const { name } of [...network.encoder, ...heads.flatMap(({ layers }) => layers)]) {
    if (reserved.has(name)) fail(`Two layers are named "${name}".`);
  }
}
