/** The kinds of Keras layers that can be imported, and why the usual others cannot. */
import { InputError } from "../errors.js";
import { bidirectional } from "./bidirectional.js";
import { conv1d, conv1dTranspose } from "./convolution-layers.js";
import type { KerasLayer } from "./graph.js";
import {
  activation,
  batchNormalization,
  dense,
  dropout,
  elu,
  flatten,
  layerNormalization,
  leakyRelu,
  permute,
  relu,
  repeatVector,
  reshape,
  rowByRow,
  timeDistributed,
  trainingOnly,
} from "./plain-layers.js";
import {
  averagePooling,
  cropping,
  globalAveragePooling,
  maxPooling,
  upSampling,
  zeroPadding,
} from "./pooling-layers.js";
import { recurrent } from "./recurrent-layers.js";
import type { Translate } from "./translation.js";

const TRANSLATORS: Readonly<Record<string, Translate>> = {
  LSTM: recurrent,
  GRU: recurrent,
  SimpleRNN: recurrent,
  Bidirectional: bidirectional,
  Dense: dense,
  TimeDistributed: timeDistributed,
  Activation: activation,
  LeakyReLU: leakyRelu,
  ReLU: relu,
  ELU: elu,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RepeatVector: repeatVector,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  Conv1D: conv1d,
  Conv1DTranspose: conv1dTranspose,
  AveragePooling1D: averagePooling,
  MaxPooling1D: maxPooling,
  GlobalAveragePooling1D: globalAveragePooling,
  UpSampling1D: upSampling,
  ZeroPadding1D: zeroPadding,
  Cropping1D: cropping,
  Dropout: dropout,
  SpatialDropout1D: trainingOnly,
  GaussianDropout: trainingOnly,
  GaussianNoise: trainingOnly,
  AlphaDropout: trainingOnly,
  ActivityRegularization: trainingOnly,
};

/** The classes of Keras layers that can be imported. */
export const KERAS_CLASSES: readonly string[] = Object.keys(TRANSLATORS);

const JOINS =
  "it joins several layers, and a network here is a chain of layers from the window to each output.";

/** Why a layer cannot be imported, and what can be done, where more is known than that there is no such layer here. */
const REASONS: Readonly<Record<string, string>> = {
  Lambda: "it holds Python code, which cannot be run; build the same of other layers.",
  Masking:
    "windows here have all their rows, and a missing reading is filled in before the network reads it; save the model without it.",
  PReLU: "its slopes differ from place to place; LeakyReLU can be imported.",
  Softmax: "it divides by a sum over its row, which no layer here does.",
  Embedding: "it takes whole numbers that stand for words, and windows hold readings.",
  ConvLSTM1D: "it is made for pictures over time.",
  RNN: "its cell is a class of its own; LSTM, GRU and SimpleRNN can be imported.",
  Add: JOINS,
  Subtract: JOINS,
  Multiply: JOINS,
  Average: JOINS,
  Concatenate: JOINS,
  Dot: JOINS,
  Attention: JOINS,
  MultiHeadAttention: JOINS,
  GlobalMaxPooling1D:
    "it takes the largest of all steps; MaxPooling1D and GlobalAveragePooling1D can be imported.",
};

/** The translator of a layer. @throws InputError, naming the layer, for a class that cannot be imported. */
export function translatorOf(layer: KerasLayer): Translate {
  const { name, className } = layer;
  const found = Object.hasOwn(TRANSLATORS, className) ? TRANSLATORS[className] : undefined;
  if (className === "TimeDistributed") rowByRow(layer);
  if (found !== undefined) return found;
  const why = Object.hasOwn(REASONS, className)
    ? REASONS[className]
    : `the classes that can be are ${KERAS_CLASSES.join(", ")}.`;
  throw new InputError(`Layer "${name}" is a ${className}, which cannot be imported: ${why}`);
}
