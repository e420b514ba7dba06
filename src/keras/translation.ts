/** What a translator of one kind of Keras layer works with. */
import { InputError } from "../errors.js";
import type { JsonObject } from "../network/json-guards.js";
import type { Tensor } from "../network/weights.js";
import type { Chain } from "./chain.js";

export interface Translation {
  /** The layer's name in Keras, after those of the models it stands in. */
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** The layer's weights, in the order of Keras. */
  readonly tensors: readonly Tensor[];
  /** The layers so far; the translator adds its own. */
  readonly chain: Chain;
  /** The layer, by its name in our network, whose last state a recurrent layer starts from; undefined for zeros. */
  readonly startsFrom: string | undefined;
  /** Whether the model is of Keras 2, which differs from Keras 3 in the numbers of `hard_sigmoid`. */
  readonly isKeras2: boolean;
}

type Named = Pick<Translation, "name" | "className">;

/** Adds layers that compute what the Keras layer does. @throws InputError, naming it, where none do. */
export type Translate = (translation: Translation) => void;

/** `of layer "lstm" (LSTM)`, for messages about a setting. */
export function where({ name, className }: Named): string {
  return `of layer "${name}" (${className})`;
}

/** @throws InputError that names the layer: it cannot be imported, why, and what can be done. */
export function refuse({ name, className }: Named, why: string): never {
  throw new InputError(`Layer "${name}" is a ${className}, which cannot be imported: ${why}`);
}

/** Refuses a layer whose sequences are [N, T]. */
export function expectChannelsLast(translation: Translation): void {
  if (translation.config["data_format"] === "channels_first") {
    refuse(translation, "its data_format is channels_first.");
  }
}

/** [T, N], or a refusal where the layer stands behind a vector. */
export function sequenceShape(translation: Translation): readonly [steps: number, width: number] {
  const { shape } = translation.chain;
  if (shape.length !== 2)
    refuse(translation, `it needs a sequence, and what it reads has shape [${shape.join()}].`);
  return [shape[0]!, shape[1]!];
}

/** A tensor of a layer, with its shape checked. */
export function tensorOf(
  translation: Translation,
  index: number,
  part: string,
  shape: readonly number[],
): Float32Array {
  const tensor = translation.tensors[index];
  if (tensor !== undefined && tensor.shape.join() === shape.join()) return tensor.data;
  const found = tensor === undefined ? "missing" : `of shape [${tensor.shape.join(", ")}]`;
  throw new InputError(`The ${part} ${where(translation)} is ${found}; it has to be [${shape.join(", ")}].`);
}
