/**
 * The graph of a network in the words of TF.js layers (`modelTopology` of model.json): a functional model whose
 * layers each read one other layer.
 */
import type { JsonObject } from "./json-guards.js";
import { descriptionOf } from "./layers/layers.js";
import { type Layer, layersWithShapes, type Network } from "./network.js";

const INPUT_NAME = "window";

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
        batch_input_shape: [null, network.inputSteps, network.features],
        dtype: "float32",
        sparse: false,
        name: INPUT_NAME,
      },
      inbound_nodes: [],
    },
  ];
  const chain = (from: string, members: readonly Layer[]): string =>
    members.reduce((source, layer) => {
      const description = descriptionOf(layer);
      layers.push({
        class_name: description.className,
        config: description.writeConfig(layer),
        name: layer.name,
        inbound_nodes: [[[source, 0, 0, {}]]],
      });
      return layer.name;
    }, from);
  const embedding = chain(INPUT_NAME, network.encoder);
  const outputs = network.heads.map((head) => [chain(embedding, head.layers), 0, 0]);
  return {
    class_name: "Model",
    config: { name: "autoencoder", layers, input_layers: [[INPUT_NAME, 0, 0]], output_layers: outputs },
    keras_version: "tfjs-layers 4.22.0",
    backend: "tensor_flow.js",
  };
}
