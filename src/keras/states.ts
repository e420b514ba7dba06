/**
 * States that layers of a Keras model read: the last ones of a recurrent layer (`return_state`), to start from
 * (`initial_state`), or its h as a vector.
 */
import { InputError } from "../errors.js";
import type { KerasGraph, KerasLayer } from "./graph.js";
import type { Endpoint } from "./inbound.js";
import { statesOf } from "./settings.js";

/**
 * The graph in which every layer, and every output, reads output 0 of another: h, where it is what is read, is what a
 * recurrent layer gives that returns no sequences.
 *
 * @throws InputError, naming the layers, where something else of a state is read as a value.
 */
export function withoutStateReads(graph: KerasGraph): KerasGraph {
  const { layers } = graph;
  const readers = [...layers.values()].flatMap(({ name, sources }) =>
    sources.slice(0, 1).map((source) => ({ reader: `Layer "${name}"`, source })),
  );
  const all = [...readers, ...graph.outputs.map((source) => ({ reader: "The model's output", source }))];
  const lastOnly = new Set<string>();
  for (const { reader, source } of all) {
    if (source.tensor === 0) continue;
    const layer = layers.get(source.layer);
    if (layer === undefined || source.tensor !== 1 || statesOf(layer.className) === 0) {
      throw new InputError(
        `${reader} reads output ${source.tensor} of "${source.layer}" (return_state) as a value, which cannot be imported: of an LSTM, a GRU or a SimpleRNN the output or its last state h can be read; c can only be started from.`,
      );
    }
    const other = all.find((each) => each.source.layer === source.layer && each.source.tensor === 0);
    if (layer.config["return_sequences"] === true && other !== undefined) {
      throw new InputError(
        `${reader} reads the last state of "${source.layer}", whose sequence ${other.reader} reads: a network here is a chain of layers, in which each reads one other. Read the state of a layer that returns no sequences.`,
      );
    }
    lastOnly.add(source.layer);
  }
  const first = ({ layer }: Endpoint): Endpoint => ({ layer, tensor: 0 });
  return {
    ...graph,
    outputs: graph.outputs.map(first),
    layers: new Map(
      [...layers].map(([name, layer]) => {
        const [source, ...states] = layer.sources;
        const sources = source === undefined ? [] : [first(source), ...states];
        const config = lastOnly.has(name) ? { ...layer.config, return_sequences: false } : layer.config;
        return [name, { ...layer, sources, config }];
      }),
    ),
  };
}

/**
 * The recurrent layer whose last state a layer starts from (`initial_state`); undefined where it starts from zeros.
 *
 * @throws InputError, naming the layer, where what it starts from is anything but all states of one layer in their order.
 */
export function firstStateSource(layer: KerasLayer, { layers }: KerasGraph): KerasLayer | undefined {
  const { name, className, sources } = layer;
  const states = sources.slice(1);
  if (states.length === 0) return undefined;
  const wanted = statesOf(className);
  if (wanted === 0) {
    throw new InputError(
      `Layer "${name}" (${className}) reads ${sources.length} values; a network here is a chain of layers, in which each reads one other, and an LSTM, a GRU or a SimpleRNN the states to start from.`,
    );
  }
  const source = layers.get(states[0]!.layer);
  const count = source === undefined ? 0 : statesOf(source.className);
  const areStates = states.every(
    ({ layer: from, tensor }, index) =>
      from === source?.name &&
      // The output of a layer that returns no sequences is its h.
      (tensor === index + 1 || (index === 0 && tensor === 0 && source.config["return_sequences"] !== true)),
  );
  if (source === undefined || count !== wanted || states.length !== wanted || !areStates) {
    const found = states.map(({ layer: from, tensor }) => `output ${tensor} of "${from}"`).join(" and ");
    const both = wanted === 2 ? "both states of one LSTM, h and then c" : "the state of one GRU or SimpleRNN";
    throw new InputError(
      `Layer "${name}" (${className}) starts from ${found}, which cannot be imported: it can start from ${both} (return_state), as the layer gives them.`,
    );
  }
  return source;
}
