/**
 * The graph of a network in the words of TF.js layers (`modelTopology` of model.json): a functional model whose
 * layers each read one other layer, but for the two additions of a linear path, and recurrent layers that start from the
 * states of another one, which they read as further inputs.
 */
import { firstStateOf, isRecurrent, STATES } from "./first-states.js";
import type { JsonObject } from "./json-guards.js";
import { descriptionOf } from "./layers/layers.js";
import { commonConfig } from "./layers/topology-config.js";
import { linearPathLayers, linearPathSums, readsResidual } from "./linear-path.js";
import { inputWidth, type Layer, type LinearPath, layersWithShapes, type Network } from "./network.js";

/** `class_name` of the layer that adds two values. */
export const ADD = "Add";

const INPUT_NAME = "window";

/** A layer and which of its outputs is read: 0, or a state from 1 on. */
type Source = readonly [layer: string, output: number];

/** Whether tfjs-layers can run the network, and gives the same numbers. */
export function isExpressibleInTfjs(network: Network): boolean {
  return layersWithShapes(network).every(({ layer }) => descriptionOf(layer).runsInTfjs(layer));
}

/** The topology of a network. Its initialisers are zeros: loading replaces the values. */
export function writeTopology(network: Network): JsonObject {
  const layers: JsonObject[] = [
    {
      class_name: "InputLayer",
      name: INPUT_NAME,
      config: {
        batch_input_shape: [null, network.inputSteps, inputWidth(network)],
        dtype: "float32",
        sparse: false,
        name: INPUT_NAME,
      },
      inbound_nodes: [],
    },
  ];
  const put = (className: string, name: string, config: JsonObject, sources: readonly Source[]): string => {
    const calls = sources.map(([source, output]) => [source, 0, output, {}]);
    layers.push({ class_name: className, config, name, inbound_nodes: [calls] });
    return name;
  };
  const stateSources = new Set(layersWithShapes(network).map(({ layer }) => firstStateOf(layer)));
  const chain = (from: string, members: readonly Layer[]): string =>
    members.reduce((source, layer) => {
      const description = descriptionOf(layer);
      const config = description.writeConfig(layer);
      return put(
        description.className,
        layer.name,
        stateSources.has(layer.name) ? { ...config, return_state: true } : config,
        [[source, 0], ...statesRead(layer)],
      );
    }, from);
  const add = (name: string, a: string, b: string): string =>
    put(ADD, name, commonConfig(name), [
      [a, 0],
      [b, 0],
    ]);
  const heads = (from: string): string[] => {
    const embedding = chain(from, network.encoder);
    return network.heads.map((head) => chain(embedding, head.layers));
  };
  const headsBesideLinearPath = (path: LinearPath): string[] => {
    const { flatten, project, expand, window } = linearPathLayers(path, network);
    const { negated, negatedWindow, residual, reconstruction } = linearPathSums(path, network);
    const projected = chain(INPUT_NAME, [flatten, project]);
    const linear = chain(projected, [expand, window]);
    const from = readsResidual(network)
      ? add(residual, INPUT_NAME, chain(projected, [negated, negatedWindow]))
      : INPUT_NAME;
    const [rest] = heads(from);
    return [add(reconstruction, linear, rest!), linear];
  };
  const { linearPath } = network;
  const outputs = linearPath === undefined ? heads(INPUT_NAME) : headsBesideLinearPath(linearPath);
  return {
    class_name: "Model",
    config: {
      name: "autoencoder",
      layers,
      input_layers: [[INPUT_NAME, 0, 0]],
      output_layers: outputs.map((name) => [name, 0, 0]),
    },
    keras_version: "tfjs-layers 4.22.0",
    backend: "tensor_flow.js",
  };
}

/** The states that a layer starts from, as it reads them behind its sequence. */
function statesRead(layer: Layer): Source[] {
  if (!isRecurrent(layer)) return [];
  const { kind, startsFrom } = layer;
  if (startsFrom === undefined) return [];
  return Array.from({ length: STATES[kind] }, (_, state): Source => [startsFrom, state + 1]);
}
