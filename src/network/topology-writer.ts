/**
 * The graph of a network in the words of TF.js layers (`modelTopology` of model.json): a functional model whose
 * layers each read one other layer.
 */
import type { JsonObject } from "./json-guards.js";
import type { Activation, Layer, Network } from "./network.js";

/**
 * TF.js names of activations. It has no Keras 3 hard sigmoid: that name is made so that tfjs-layers refuses the
 * model, rather than run it with the other hard sigmoid.
 */
export const ACTIVATION_NAMES: Record<Activation, string> = {
  linear: "linear",
  relu: "relu",
  tanh: "tanh",
  sigmoid: "sigmoid",
  hardSigmoid: "hard_sigmoid",
  hardSigmoidKeras3: "hard_sigmoid_keras_3",
};
const INPUT_NAME = "window";

/** Whether tfjs-layers can run the network. */
export function isExpressibleInTfjs(network: Network): boolean {
  return [network.encoder, ...network.heads.map((head) => head.layers)].flat().every((layer) => {
    const used = [
      "activation" in layer ? layer.activation : "linear",
      layer.kind === "lstm" ? layer.recurrentActivation : "linear",
    ];
    return !used.includes("hardSigmoidKeras3");
  });
}

/** The topology of a network. Initialisers are zeros: what is loaded replaces them, and others cost time. */
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
      layers.push({ ...layerConfig(layer), name: layer.name, inbound_nodes: [[[source, 0, 0, {}]]] });
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

const zeros = { class_name: "Zeros", config: {} };

function denseConfig(name: string, layer: { units: number; activation: Activation }): JsonObject {
  return {
    class_name: "Dense",
    config: {
      name,
      trainable: true,
      units: layer.units,
      activation: ACTIVATION_NAMES[layer.activation],
      use_bias: true,
      kernel_initializer: zeros,
      bias_initializer: zeros,
    },
  };
}

function layerConfig(layer: Layer): JsonObject {
  const plain = { name: layer.name, trainable: true };
  switch (layer.kind) {
    case "lstm":
      return {
        class_name: "LSTM",
        config: {
          ...plain,
          units: layer.units,
          activation: ACTIVATION_NAMES[layer.activation],
          recurrent_activation: ACTIVATION_NAMES[layer.recurrentActivation],
          use_bias: true,
          unit_forget_bias: false,
          kernel_initializer: zeros,
          recurrent_initializer: zeros,
          bias_initializer: zeros,
          dropout: 0,
          recurrent_dropout: 0,
          return_sequences: layer.returnSequences,
          return_state: false,
          go_backwards: false,
          stateful: false,
          unroll: false,
        },
      };
    case "dense":
      return denseConfig(layer.name, layer);
    case "timeDistributedDense":
      // tfjs-layers names the weights after the wrapper, so the layer inside may be called anything.
      return {
        class_name: "TimeDistributed",
        config: { ...plain, layer: denseConfig(`${layer.name}_dense`, layer) },
      };
    case "repeatVector":
      return { class_name: "RepeatVector", config: { ...plain, n: layer.times } };
    case "dropout":
      return { class_name: "Dropout", config: { ...plain, rate: layer.rate, noise_shape: null, seed: null } };
    case "flatten":
      return { class_name: "Flatten", config: plain };
    case "reshape":
      return { class_name: "Reshape", config: { ...plain, target_shape: [...layer.shape] } };
  }
}
