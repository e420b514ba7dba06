/** The activation functions of layers, and their names in TF.js. */

/**
 * `hardSigmoid` is clip(0.2x + 0.5, 0, 1), the one of TF.js and Keras 2;
 * `hardSigmoidKeras3` is clip(x/6 + 0.5, 0, 1); `elu` is x where x > 0, else e^x - 1.
 */
export const ACTIVATIONS = [
  "linear",
  "relu",
  "tanh",
  "sigmoid",
  "hardSigmoid",
  "hardSigmoidKeras3",
  "elu",
] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** The activations that a recurrent layer's gates may have. */
export const RECURRENT_ACTIVATIONS = [
  "sigmoid",
  "hardSigmoid",
  "hardSigmoidKeras3",
] as const satisfies readonly Activation[];
export type RecurrentActivation = (typeof RECURRENT_ACTIVATIONS)[number];

/**
 * Names in TF.js's `model.json`. TF.js has no Keras 3 hard sigmoid: that name is made up so that tfjs-layers refuses
 * the model instead of running it with the other hard sigmoid.
 */
export const ACTIVATION_NAMES: Readonly<Record<Activation, string>> = {
  linear: "linear",
  relu: "relu",
  tanh: "tanh",
  sigmoid: "sigmoid",
  hardSigmoid: "hard_sigmoid",
  hardSigmoidKeras3: "hard_sigmoid_keras_3",
  elu: "elu",
};
