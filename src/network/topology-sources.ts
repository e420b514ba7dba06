/** What the layers of a TF.js topology read: `inbound_nodes`, which may hold anything. */
import { InputError } from "../errors.js";
import { type RecurrentLayer, STATES } from "./first-states.js";
import { array } from "./json-guards.js";

/**
 * The layers that a layer reads: `[[[source, 0, 0, {}], ...]]`.
 *
 * @param wanted how many there have to be.
 * @throws InputError, naming the layer, where there are more or fewer.
 */
export function sourcesOf(name: string, nodes: unknown, wanted: 1 | 2): string[] {
  const calls = array(nodes, `inbound_nodes of layer "${name}"`);
  const sources: readonly unknown[] = calls.length === 1 && Array.isArray(calls[0]) ? calls[0] : [];
  const names = sources.map((source): unknown => (Array.isArray(source) ? source[0] : undefined));
  if (names.length !== wanted || !names.every((each) => typeof each === "string")) {
    const what = wanted === 1 ? "one other layer" : "two other layers";
    throw new InputError(`Layer "${name}" has to read ${what}, once.`);
  }
  return names;
}

/**
 * A recurrent layer reads a sequence, and behind it all states of a layer, in their order, where it starts from them.
 *
 * @throws InputError, naming the layer, for anything else.
 */
export function startedLayer(
  layer: RecurrentLayer,
  nodes: unknown,
): { readonly layer: RecurrentLayer; readonly sources: readonly string[] } {
  const { name, kind } = layer;
  const calls = array(nodes, `inbound_nodes of layer "${name}"`);
  const [sequence, ...states]: readonly unknown[] =
    calls.length === 1 && Array.isArray(calls[0]) ? calls[0] : [];
  const sources = sourcesOf(name, [[sequence]], 1);
  if (states.length === 0) return { layer, sources };
  const [startsFrom] = Array.isArray(states[0]) ? (states[0] as readonly unknown[]) : [];
  const areStates = states.every(
    (each, index) => Array.isArray(each) && each[0] === startsFrom && each[2] === index + 1,
  );
  if (typeof startsFrom !== "string" || states.length !== STATES[kind] || !areStates) {
    throw new InputError(`Layer "${name}" has to start from all states of one layer, in their order.`);
  }
  return { layer: { ...layer, startsFrom }, sources };
}
