/** A scaler that was fitted elsewhere, from JSON: the attributes of scikit-learn's StandardScaler or MinMaxScaler. */
import { InputError } from "../errors.js";
import type { Scaler } from "./scaler.js";

type Attributes = Readonly<Record<string, unknown>>;

/**
 * Reads a scaler. The names are those of scikit-learn, with or without the `_` at the end:
 *
 *   StandardScaler   mean_, scale_ (or var_)               scaled = (x - mean_) / scale_
 *   MinMaxScaler     data_min_, data_max_, feature_range   scaled = (x - data_min_) / (data_max_ - data_min_), spread over
 *                    or min_, scale_                       feature_range; or scaled = x scale_ + min_
 *
 * @param json the text of the file
 * @param features the names of the data's features: with `feature_names_in_` the numbers are put in their order
 * @throws InputError where it is no such JSON, or does not have a number for each feature.
 */
export function readGivenScaler(json: string, features: readonly string[]): Omit<Scaler, "mean"> {
  let attributes: Attributes;
  try {
    attributes = JSON.parse(json) as Attributes;
  } catch (error) {
    throw new InputError(`The scaler is not JSON (${(error as Error).message}).`);
  }
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    throw new InputError(`The scaler has to be a JSON object. ${FORMS}`);
  }
  const order = orderOf(attributes, features);
  const list = (name: string): number[] | undefined => numbers(attributes, name, order, features);
  const [low, high] = [list("data_min"), list("data_max")];
  if (low !== undefined && high !== undefined) {
    const [from, to] = rangeOf(attributes);
    // As scikit-learn does, a column that does not change is only moved.
    const scale = low.map((least, i) => (high[i] === least ? 1 : high[i]! - least) / (to - from));
    return checked(
      "minmax",
      low.map((least, i) => least - from * scale[i]!),
      scale,
    );
  }
  const [mean, scale, least] = [list("mean"), list("scale"), list("min")];
  if (least !== undefined && scale !== undefined) {
    return checked(
      "minmax",
      least.map((value, i) => -value / scale[i]!),
      scale.map((value) => 1 / value),
    );
  }
  const deviation = scale ?? list("var")?.map((variance) => (variance === 0 ? 1 : Math.sqrt(variance)));
  if (mean !== undefined && deviation !== undefined) return checked("standard", mean, deviation);
  throw new InputError(`The scaler lacks numbers. ${FORMS}`);
}

const FORMS =
  'It takes {"mean_": [...], "scale_": [...]} for a StandardScaler, or {"data_min_": [...], "data_max_": [...], "feature_range": [0, 1]} for a MinMaxScaler.';

function attributeOf(attributes: Attributes, name: string): unknown {
  return attributes[`${name}_`] ?? attributes[name];
}

/** Where the number of each feature stands in the lists. */
function orderOf(attributes: Attributes, features: readonly string[]): number[] {
  const names = attributeOf(attributes, "feature_names_in");
  if (!Array.isArray(names)) return features.map((_, index) => index);
  return features.map((feature) => {
    const index = names.indexOf(feature);
    if (index === -1) {
      throw new InputError(
        `The scaler has no feature "${feature}"; feature_names_in_ is ${JSON.stringify(names).slice(0, 200)}.`,
      );
    }
    return index;
  });
}

function numbers(
  attributes: Attributes,
  name: string,
  order: readonly number[],
  features: readonly string[],
): number[] | undefined {
  const list = attributeOf(attributes, name);
  if (list === undefined || list === null) return undefined;
  const isFull = Array.isArray(list) && list.length === (valueCount(attributes) ?? features.length);
  if (!isFull)
    throw new InputError(
      `${name} of the scaler has to be a list with a number for each of ${features.length} features.`,
    );
  return order.map((index) => {
    const value: unknown = list[index];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new InputError(`${name} of the scaler has to hold numbers alone.`);
    }
    return value;
  });
}

/** With names, a scaler may have more features than the data. */
function valueCount(attributes: Attributes): number | undefined {
  const names = attributeOf(attributes, "feature_names_in");
  return Array.isArray(names) ? names.length : undefined;
}

function rangeOf(attributes: Attributes): [number, number] {
  const range = attributeOf(attributes, "feature_range") ?? [0, 1];
  const [from, to]: readonly unknown[] = Array.isArray(range) ? range : [];
  if (typeof from !== "number" || typeof to !== "number" || !(from < to)) {
    throw new InputError(
      "feature_range of the scaler has to be two numbers, the smaller one first, such as [0, 1].",
    );
  }
  return [from, to];
}

function checked(kind: "standard" | "minmax", offset: number[], scale: number[]): Omit<Scaler, "mean"> {
  if (!scale.every((value) => value > 0 && Number.isFinite(value)) || !offset.every(Number.isFinite)) {
    throw new InputError("The scale of a feature has to be above 0 in the scaler.");
  }
  return { kind, offset, scale };
}
