/** What a layer of a Keras configuration reads: `inbound_nodes`, in the words of Keras 2 and of Keras 3. */
import { InputError } from "../errors.js";
import { array, type JsonObject, object, text } from "../network/json-guards.js";

/** One output of a layer. */
export interface Endpoint {
  readonly layer: string;
  /** Which of its outputs: 0 but for layers and models with several. */
  readonly tensor: number;
}

const MOST_LEVELS = 12;

/**
 * The endpoints that a layer reads, in order; the states that a recurrent layer starts from come after its sequence.
 * Empty for an input.
 *
 * @throws InputError where the layer is used more than once: its weights would be in the network twice.
 */
export function inboundOf(name: string, nodes: unknown): Endpoint[] {
  const calls = array(nodes, `inbound_nodes of layer "${name}"`);
  if (calls.length === 0) return [];
  if (calls.length > 1) {
    throw new InputError(
      `Layer "${name}" is used ${calls.length} times in the model (shared weights), which cannot be imported; give each place a layer of its own.`,
    );
  }
  const call = calls[0];
  const found = Array.isArray(call)
    ? keras2(name, call)
    : keras3(object(call, `inbound_nodes of layer "${name}"`));
  if (found.length === 0) throw new InputError(`Layer "${name}" reads no other layer.`);
  return found;
}

/** `input_layers` or `output_layers`: `["x", 0, 0]`, or a list of such. */
export function endpointsOf(value: unknown, what: string): Endpoint[] {
  const list = array(value, what);
  return typeof list[0] === "string" ? [endpoint(list, what)] : list.map((each) => endpoint(each, what));
}

function endpoint(value: unknown, what: string): Endpoint {
  const [layer, , tensor]: readonly unknown[] = Array.isArray(value) ? value : [];
  if (typeof layer !== "string" || !Number.isSafeInteger(tensor)) {
    throw new InputError(`${what} has to hold ["layer", 0, 0], not ${text(value)}.`);
  }
  return { layer, tensor: tensor as number };
}

/** `[["x", 0, 0, {kwargs}], ...]`; the values of kwargs may be further `["x", 0, 0]`. */
function keras2(name: string, call: readonly unknown[]): Endpoint[] {
  const what = `inbound_nodes of layer "${name}"`;
  // A call with one argument is also written without the outer list.
  const sources = typeof call[0] === "string" ? [call] : call;
  return sources.flatMap((source) => {
    const kwargs: unknown = Array.isArray(source) ? source[3] : undefined;
    return [endpoint(source, what), ...(kwargs === undefined ? [] : referencesIn(kwargs, 0))];
  });
}

/** References to tensors among the keyword arguments of Keras 2. */
function referencesIn(value: unknown, level: number): Endpoint[] {
  if (typeof value !== "object" || value === null || level > MOST_LEVELS) return [];
  if (Array.isArray(value)) {
    const [layer, node, tensor]: readonly unknown[] = value;
    if (typeof layer === "string" && Number.isSafeInteger(node) && Number.isSafeInteger(tensor)) {
      return [{ layer, tensor: tensor as number }];
    }
  }
  return Object.values(value).flatMap((each) => referencesIn(each, level + 1));
}

/** `{args: [...], kwargs: {...}}`, with `{class_name: "__keras_tensor__", config: {keras_history}}` in any depth. */
function keras3(call: JsonObject): Endpoint[] {
  const found: Endpoint[] = [];
  const visit = (value: unknown, level: number): void => {
    if (typeof value !== "object" || value === null || level > MOST_LEVELS) return;
    if ("class_name" in value && value.class_name === "__keras_tensor__") {
      const config = object((value as JsonObject)["config"], "config of a tensor");
      found.push(endpoint(config["keras_history"], "keras_history"));
      return;
    }
    for (const each of Object.values(value)) visit(each, level + 1);
  };
  visit(call["args"], 0);
  visit(call["kwargs"], 0);
  return found;
}
