/** Keras layers without time: dense ones, activations, normalisation, shapes, and those that only train. */
import { array, count, type JsonObject, object, text } from "../network/json-guards.js";
import { sizeOf } from "../network/shape.js";
import type { Tensor } from "../network/weights.js";
import { addActivation } from "./activation.js";
import { denseOf } from "./chain.js";
import { eluOf, finite, readActivation, slopeOf, word } from "./settings.js";
import { refuse, type Translate, type Translation, tensorOf, where } from "./translation.js";

export const dense: Translate = (translation) => {
  const { name, config, chain, isKeras2 } = translation;
  const inputs = chain.width;
  const outputs = count(config["units"], `units ${where(translation)}`);
  const activation = readActivation(config["activation"], where(translation), isKeras2);
  const kernel = tensorOf(translation, 0, "kernel", [inputs, outputs]);
  const bias =
    config["use_bias"] === false ? new Float32Array(outputs) : tensorOf(translation, 1, "bias", [outputs]);
  chain.addDense(name, { inputs, outputs, kernel, bias, activation: "linear" });
  addActivation(chain, `${name}_activation`, activation);
};

export const activation: Translate = (translation) => {
  const { name, config, chain, isKeras2 } = translation;
  addActivation(chain, name, readActivation(config["activation"], where(translation), isKeras2));
};

export const leakyRelu: Translate = (translation) => {
  const negativeSlope = slopeOf(translation.config, where(translation));
  addActivation(translation.chain, translation.name, { negativeSlope });
};

export const elu: Translate = (translation) => {
  addActivation(translation.chain, translation.name, eluOf(translation.config, where(translation)));
};

export const relu: Translate = (translation) => {
  const { name, config, chain } = translation;
  if (config["max_value"] !== null && config["max_value"] !== undefined) {
    refuse(translation, "it has a max_value; use a ReLU without one.");
  }
  if (finite(config["threshold"] ?? 0, `threshold ${where(translation)}`) !== 0) {
    refuse(translation, "it has a threshold; use a ReLU without one.");
  }
  const negativeSlope = finite(config["negative_slope"] ?? 0, `negative_slope ${where(translation)}`);
  addActivation(chain, name, negativeSlope === 0 ? "relu" : { negativeSlope });
};

export const layerNormalization: Translate = (translation) => {
  const { name, config, chain } = translation;
  const { width } = chain;
  checkLastAxis(translation);
  if (config["rms_scaling"] === true) refuse(translation, "it has rms_scaling=True; train it without.");
  const epsilon = finite(config["epsilon"] ?? 1e-3, `epsilon ${where(translation)}`);
  let next = 0;
  const part = (what: string, isThere: boolean, other: number): Tensor => ({
    shape: [width],
    data: isThere ? tensorOf(translation, next++, what, [width]) : new Float32Array(width).fill(other),
  });
  const gamma = part("gamma", config["scale"] !== false, 1);
  const beta = part("beta", config["center"] !== false, 0);
  chain.add({ kind: "layerNormalization", name: chain.name(name), epsilon }, [gamma, beta]);
};

/** gamma (x - mean) / sqrt(variance + epsilon) + beta: when it scores, a factor and a number to add for each channel. */
export const batchNormalization: Translate = (translation) => {
  const { name, config, chain } = translation;
  const { width } = chain;
  checkLastAxis(translation);
  const epsilon = finite(config["epsilon"] ?? 1e-3, `epsilon ${where(translation)}`);
  let next = 0;
  const part = (what: string): Float32Array => tensorOf(translation, next++, what, [width]);
  const gamma = config["scale"] === false ? undefined : part("gamma");
  const beta = config["center"] === false ? undefined : part("beta");
  const mean = part("moving_mean");
  const variance = part("moving_variance");
  const what = `Layer "${name}" (BatchNormalization)`;
  const map = denseOf(what, width, width, (at) => {
    for (let i = 0; i < width; i++) at(i, i, (gamma?.[i] ?? 1) / Math.sqrt(variance[i]! + epsilon));
  });
  for (let i = 0; i < width; i++) {
    const factor = (gamma?.[i] ?? 1) / Math.sqrt(variance[i]! + epsilon);
    map.bias[i] = (beta?.[i] ?? 0) - mean[i]! * factor;
  }
  chain.addDense(name, map, true);
};

/** Refuses a layer that normalises anything but the last axis. */
function checkLastAxis(translation: Translation): void {
  const { className, config, chain } = translation;
  const axes = Array.isArray(config["axis"]) ? (config["axis"] as unknown[]) : [config["axis"] ?? -1];
  // A layer that works row by row counts the axes of a row.
  const last = className.startsWith("TimeDistributed") ? 1 : chain.shape.length;
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== last)) {
    refuse(translation, "it normalises an axis that is not the last one.");
  }
}

export const dropout: Translate = (translation) => {
  const { name, config, chain } = translation;
  const rate = finite(config["rate"], `rate ${where(translation)}`);
  chain.add({ kind: "dropout", name: chain.name(name), rate });
};

/** Layers that do something only while a model trains. */
export const trainingOnly: Translate = ({ name, className, chain }) => {
  chain.notes.push(`Layer "${name}" (${className}) does nothing when a model scores, so it is left out.`);
};

export const repeatVector: Translate = (translation) => {
  const { name, config, chain } = translation;
  const times = count(config["n"], `n ${where(translation)}`);
  chain.add({ kind: "repeatVector", name: chain.name(name), times });
};

export const flatten: Translate = ({ name, chain }) => chain.flatten(name);

export const reshape: Translate = (translation) => {
  const { name, config, chain } = translation;
  const what = `target_shape ${where(translation)}`;
  const wanted = array(config["target_shape"], what).map((size) => (size === -1 ? -1 : count(size, what)));
  const values = sizeOf(chain.shape);
  const known = sizeOf(wanted.filter((size) => size !== -1));
  const shape = wanted.map((size) => (size === -1 ? values / known : size));
  if (shape.length > 2) refuse(translation, `its target_shape has ${shape.length} axes, and the most is 2.`);
  if (sizeOf(shape) !== values || !shape.every(Number.isInteger)) {
    refuse(translation, `${values} values do not have the shape ${text(wanted.join(", "))}.`);
  }
  if (shape.length === 1) chain.flatten(name);
  else chain.reshape(name, [shape[0]!, shape[1]!]);
};

export const permute: Translate = (translation) => {
  const { name, className, config, chain } = translation;
  const dims = array(config["dims"], `dims ${where(translation)}`)
    .map(text)
    .join(", ");
  const [rows, columns] = chain.shape;
  if (dims === "1" || dims === "1, 2") return;
  if (dims !== "2, 1" || rows === undefined || columns === undefined) {
    refuse(translation, `its dims are ${dims}.`);
  }
  chain.addMatrix({ name, what: className }, [columns, rows], (at) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) at(row * columns + column, column * rows + row, 1);
    }
  });
};

/** Layers that do the same at every timestep by themselves, so that TimeDistributed adds nothing to them. */
const ROW_BY_ROW: Readonly<Record<string, Translate>> = {
  Dense: dense,
  Activation: activation,
  LeakyReLU: leakyRelu,
  ReLU: relu,
  ELU: elu,
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  Dropout: dropout,
};

export const timeDistributed: Translate = (translation) => {
  const { className, config, translate } = rowByRow(translation);
  translate({ ...translation, className: `TimeDistributed ${className}`, config });
};

/** The layer within a TimeDistributed. @throws InputError, naming both, where it is none that works row by row. */
export function rowByRow(wrapper: Wrapper): { className: string; config: JsonObject; translate: Translate } {
  const inner = innerLayer(wrapper);
  const className = word(inner["class_name"]);
  const translate = Object.hasOwn(ROW_BY_ROW, className) ? ROW_BY_ROW[className] : undefined;
  if (translate === undefined) {
    const known = Object.keys(ROW_BY_ROW).join(", ");
    refuse(wrapper, `the layer within is a ${className}, and it can be one of ${known}.`);
  }
  return {
    className,
    config: object(inner["config"], `config of the layer within "${wrapper.name}"`),
    translate,
  };
}

type Wrapper = Pick<Translation, "name" | "className" | "config">;

/** The layer within a wrapper: `{class_name, config}`. */
export function innerLayer(wrapper: Wrapper): JsonObject {
  return object(wrapper.config["layer"], `layer ${where(wrapper)}`);
}
