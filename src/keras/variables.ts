/** Which tensors of a file are the weights of a layer. */
import { InputError } from "../errors.js";
import type { JsonObject } from "../network/json-guards.js";
import type { KerasGraph, KerasLayer } from "./graph.js";
import type { StoredModel, StoredTensor } from "./stored-model.js";

/** How many tensors a layer has: those that training changes, and those that it does not. */
interface TensorCounts {
  readonly trained: number;
  readonly fixed: number;
}

/**
 * The tensors of each layer by its name, in the order of Keras: kernel, recurrent kernel, bias; those of a Bidirectional's
 * forward layer before those of its backward layer.
 *
 * @throws InputError, naming the layer, where the file has more or fewer than the layer takes.
 */
export function findVariables(model: StoredModel, graph: KerasGraph): Map<string, readonly StoredTensor[]> {
  const found = model.form === "keras" ? findByPlace(model, graph) : findByName(model, graph);
  for (const layer of graph.layers.values()) {
    const { trained, fixed } = countsOf(layer.className, layer.config);
    const tensors = found.get(layer.name)?.length ?? 0;
    if (tensors !== trained + fixed) {
      throw new InputError(
        `Layer "${layer.name}" (${layer.className}) has ${trained + fixed} tensors of weights; the file has ${tensors} for it.`,
      );
    }
  }
  return found;
}

/** `.keras`: `layers/lstm/cell/vars/0`. */
function findByPlace({ tensors }: StoredModel, { layers }: KerasGraph): Map<string, StoredTensor[]> {
  const byPlace = new Map([...layers.values()].map(({ name, place }) => [place, name]));
  const paths = new Map<string, string[]>();
  for (const path of tensors.keys()) {
    // The longest prefix is the layer itself and not a model around it.
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const layer = byPlace.get(path.slice(0, end));
      if (layer === undefined) continue;
      const own = paths.get(layer) ?? [];
      own.push(path);
      paths.set(layer, own);
      break;
    }
  }
  return new Map(
    [...paths].map(([layer, own]) => [layer, own.sort(inKerasOrder).map((path) => tensors.get(path)!)]),
  );
}

function inKerasOrder(a: string, b: string): number {
  const backward = Number(a.includes("/backward_layer/")) - Number(b.includes("/backward_layer/"));
  return backward !== 0 ? backward : a.localeCompare(b, "en", { numeric: true });
}

/**
 * `.h5`, and TF.js in the same form: one group for each layer of the outermost model, with the names of its weights in
 * order. A model within it is one such layer: its weights are those that training changes, layer by layer, and after them
 * the others.
 */
function findByName(model: StoredModel, { layers }: KerasGraph): Map<string, StoredTensor[]> {
  const members = new Map<string, KerasLayer[]>();
  for (const layer of layers.values()) {
    const own = members.get(layer.top) ?? [];
    own.push(layer);
    members.set(layer.top, own);
  }
  const found = new Map<string, StoredTensor[]>();
  for (const [top, own] of members) {
    const group = `model_weights/${top}`;
    const names = model.weightNames.get(group) ?? [];
    const tensors = names.flatMap((name) => model.tensors.get(`${group}/${name}`) ?? []);
    let at = 0;
    const take = (layer: KerasLayer, count: number): void => {
      const taken = found.get(layer.name) ?? [];
      taken.push(...tensors.slice(at, at + count));
      found.set(layer.name, taken);
      at += count;
    };
    if (own.length === 1 && own[0]!.name === top) {
      take(own[0]!, tensors.length);
      continue;
    }
    for (const layer of own) {
      if (layer.trainable) take(layer, countsOf(layer.className, layer.config).trained);
    }
    for (const layer of own) {
      const { trained, fixed } = countsOf(layer.className, layer.config);
      take(layer, layer.trainable ? fixed : trained + fixed);
    }
    if (at !== tensors.length) {
      throw new InputError(
        `The model "${top}" has ${at} tensors of weights; the file has ${tensors.length} for it.`,
      );
    }
  }
  return found;
}

function countsOf(className: string, config: JsonObject, level = 0): TensorCounts {
  const inner = config["layer"] as { class_name?: unknown; config?: unknown } | null | undefined;
  const innerCounts = (): TensorCounts =>
    level < MOST_WRAPPERS &&
    typeof inner?.class_name === "string" &&
    typeof inner.config === "object" &&
    inner.config !== null
      ? countsOf(inner.class_name, inner.config as JsonObject, level + 1)
      : NONE;
  const bias = config["use_bias"] === false ? 0 : 1;
  const scaleAndShift = Number(config["scale"] !== false) + Number(config["center"] !== false);
  switch (className) {
    case "Dense":
    case "Conv1D":
    case "Conv1DTranspose":
      return { trained: 1 + bias, fixed: 0 };
    case "LSTM":
    case "GRU":
    case "SimpleRNN":
      return { trained: 2 + bias, fixed: 0 };
    case "BatchNormalization":
      return { trained: scaleAndShift, fixed: 2 };
    case "LayerNormalization":
      return { trained: scaleAndShift, fixed: 0 };
    case "TimeDistributed":
      return innerCounts();
    case "Bidirectional": {
      const { trained, fixed } = innerCounts();
      return { trained: 2 * trained, fixed: 2 * fixed };
    }
    default:
      return NONE;
  }
}

const NONE: TensorCounts = { trained: 0, fixed: 0 };
/** Layers around layers: nothing that can be imported has more. */
const MOST_WRAPPERS = 2;
