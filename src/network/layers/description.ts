/**
 * What has to be known about a kind of layer, apart from how an engine computes it. Each kind has one file in this
 * folder that exports its interface and its `LayerDescription`; `layers.ts` lists them. The compiler then finds every
 * place that needs the new kind (docs/adding-a-layer.md).
 */
import { InputError } from "../../errors.js";
import type { JsonObject } from "../json-guards.js";
import { checkWithin, MAX_UNITS } from "../limits.js";
import type { Shape } from "../shape.js";

/** What all layers have: their kind, and a name that no other layer of the network has. */
export interface AnyLayer {
  readonly kind: string;
  readonly name: string;
}

/**
 * How a weight is filled before training, by Keras's defaults:
 *
 *   glorotUniform   uniform in +-sqrt(6 / (rows + columns)) (Glorot & Bengio 2010, AISTATS)
 *   orthogonal      orthonormal rows (Saxe et al. 2014, ICLR)
 *   zeros           0
 *   ones            1
 *   forgetGateOnes  0, but 1 in the second quarter: an LSTM's forget gates (Jozefowicz et al. 2015, ICML)
 */
export type Initializer = "glorotUniform" | "orthogonal" | "zeros" | "ones" | "forgetGateOnes";

/** One weight tensor. Its full name is `<layer>/<part>`. */
export interface WeightDescription {
  readonly part: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
}

export interface LayerDescription<Layer extends AnyLayer> {
  /** `class_name` in TF.js's and Keras's topology. */
  readonly className: string;
  /** Whether the layer computes its timesteps one after the other, each from the state of the one before. */
  readonly isRecurrent: boolean;
  /**
   * The shape after the layer.
   *
   * @throws InputError naming the layer, where the input does not fit.
   */
  outputShape(layer: Layer, input: Shape): Shape;
  /** The layer's weights in the order of the files; `input` is a shape that `outputShape` accepted. */
  weights(layer: Layer, input: Shape): readonly WeightDescription[];
  /** @throws InputError where a setting of the layer is out of range. */
  check(layer: Layer): void;
  /** Whether tfjs-layers runs the layer and gives the same numbers. */
  runsInTfjs(layer: Layer): boolean;
  /** `config` of the layer in a topology. */
  writeConfig(layer: Layer): JsonObject;
  /**
   * The layer of a topology's `config`, which may hold anything.
   *
   * @throws InputError where it does not fit.
   */
  readConfig(name: string, config: JsonObject): Layer;
}

/** @throws InputError naming the layer, unless its input is a vector. */
export function needsVector(layer: AnyLayer, input: Shape): void {
  if (input.length !== 1) refuse(layer, "a vector", input);
}

/** @throws InputError naming the layer, unless its input is a sequence. */
export function needsSequence(layer: AnyLayer, input: Shape): void {
  if (input.length !== 2) refuse(layer, "a sequence", input);
}

function refuse(layer: AnyLayer, wanted: string, input: Shape): never {
  throw new InputError(
    `Layer "${layer.name}" (${layer.kind}) takes ${wanted}, not shape [${input.join(", ")}].`,
  );
}

/** @throws InputError unless the layer has a possible number of units. */
export function checkUnits(layer: AnyLayer & { readonly units: number }): void {
  checkWithin(`units of "${layer.name}"`, layer.units, 1, MAX_UNITS * 16);
}

/** For the end of a switch over kinds: that the call compiles proves that every kind has a case. @throws TypeError. */
export function unknownKind(never: never): never {
  throw new TypeError(`There is no case for ${JSON.stringify(never)}.`);
}
