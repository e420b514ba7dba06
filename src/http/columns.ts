/** Names in requests: the order of the readings in rows that are arrays, and the readings of rows that are objects. */
import type { ResiduaError } from "../errors.js";
import { invalid } from "./json-body.js";

/** A model as far as names concern it. */
export interface NamedFeatures {
  /** Name and version, for messages. */
  readonly model: string;
  /** In the order in which the model takes them. */
  readonly featureNames: readonly { readonly name: string }[];
}

/**
 * Where the readings of a row go: reading i is that of feature `order[i]`. Undefined where they already stand in the
 * model's order.
 *
 * @param columns the names in the order of the readings; undefined where the request does not say.
 * @throws ResiduaError INVALID_REQUEST, with both lists, where they are not the model's features.
 */
export function columnOrder(
  columns: readonly string[] | undefined,
  features: NamedFeatures,
): Int32Array | undefined {
  if (columns === undefined) return undefined;
  const places = featurePlaces(features);
  const order = Int32Array.from(columns, (name) => places.get(name) ?? -1);
  const isComplete = order.length === features.featureNames.length && new Set(order).size === order.length;
  if (!isComplete || order.includes(-1)) throw wrongColumns(columns, features);
  return order.every((feature, column) => feature === column) ? undefined : order;
}

/** The place of each feature by its name. */
export function featurePlaces({ featureNames }: NamedFeatures): ReadonlyMap<string, number> {
  return new Map(featureNames.map(({ name }, feature) => [name, feature]));
}

/**
 * Puts the readings of rows in the model's order.
 *
 * @param values [rows, F], changed in place.
 */
export function reorder(values: Float64Array, order: Int32Array): void {
  const features = order.length;
  const row = new Float64Array(features);
  for (let at = 0; at < values.length; at += features) {
    for (let i = 0; i < features; i++) row[i] = values[at + i]!;
    for (let i = 0; i < features; i++) values[at + order[i]!] = row[i]!;
  }
}

function wrongColumns(columns: readonly string[], features: NamedFeatures): ResiduaError {
  const { model, featureNames } = features;
  const places = featurePlaces(features);
  // There may be a hundred thousand names: none is looked for among all others.
  const sent = new Set<string>();
  const repeated = new Set<string>();
  for (const name of columns) (sent.has(name) ? repeated : sent).add(name);
  const lists = [
    ["unknown", columns.filter((name) => !places.has(name))],
    ["missing", featureNames.map(({ name }) => name).filter((name) => !sent.has(name))],
    ["more than once", [...repeated]],
  ] as const;
  const found = lists.flatMap(([what, names]) => (names.length === 0 ? [] : `${what}: ${listed(names)}`));
  const message = `has to name each feature of ${model} once (${found.join("; ")}); columns has ${listed(columns)}, ${model} has ${featureList(features)}`;
  return invalid([{ path: "/columns", message }]);
}

/** The model's features for a message. */
export function featureList({ featureNames }: NamedFeatures): string {
  return listed(featureNames.map(({ name }) => name));
}

const MOST_NAMES = 50;
const MOST_CHARACTERS = 64;

/** `"temp", "flow"`, of bounded length. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name.slice(0, MOST_CHARACTERS)));
  return names.length > MOST_NAMES
    ? `${shown.join(", ")} and ${names.length - MOST_NAMES} more`
    : shown.join(", ");
}
