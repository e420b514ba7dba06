/** Keras's convolutions over time, as matrices of the whole sequence: there is no kernel for them. */

import { count, text } from "../network/json-guards.js";
import { addActivation } from "./activation.js";
import { readActivation, single } from "./settings.js";
import {
  expectChannelsLast,
  refuse,
  sequenceShape,
  type Translate,
  type Translation,
  tensorOf,
  where,
} from "./translation.js";

/** x(t) is read at row `t * stride + tap * dilation - before`. */
interface Taps {
  readonly steps: number;
  readonly before: number;
}

/** The steps that a convolution or pooling gives, and the rows of zeros before the first, as in TensorFlow. */
export function tapsOf(
  translation: Translation,
  { steps, size, stride, dilation }: { steps: number; size: number; stride: number; dilation: number },
): Taps {
  const { padding = "valid" } = translation.config;
  const reach = (size - 1) * dilation + 1;
  let taps: Taps;
  if (padding === "valid") taps = { steps: Math.floor((steps - reach) / stride) + 1, before: 0 };
  else if (padding === "causal") taps = { steps: Math.ceil(steps / stride), before: reach - 1 };
  else if (padding === "same") {
    const given = Math.ceil(steps / stride);
    taps = { steps: given, before: Math.floor(Math.max((given - 1) * stride + reach - steps, 0) / 2) };
  } else refuse(translation, `its padding is ${text(padding)}.`);
  if (taps.steps < 1) refuse(translation, `${steps} steps are too few for it.`);
  return taps;
}

function readCommon(translation: Translation) {
  const { config } = translation;
  const setting = (name: string): number => single(config[name] ?? 1, `${name} ${where(translation)}`);
  expectChannelsLast(translation);
  return {
    filters: count(config["filters"], `filters ${where(translation)}`),
    size: single(config["kernel_size"], `kernel_size ${where(translation)}`),
    stride: setting("strides"),
    dilation: setting("dilation_rate"),
  };
}

function addConvolution(
  translation: Translation,
  output: readonly [number, number],
  fill: Parameters<Translation["chain"]["addMatrix"]>[2],
): void {
  const { name, className, config, chain, isKeras2 } = translation;
  const [, filters] = output;
  const activation = readActivation(config["activation"], where(translation), isKeras2);
  const bias = config["use_bias"] === false ? undefined : tensorOf(translation, 1, "bias", [filters]);
  const plain = typeof activation === "string" ? activation : "linear";
  chain.addMatrix({ name, what: className }, output, fill, (o) => bias?.[o % filters] ?? 0, plain);
  if (typeof activation !== "string") addActivation(chain, `${name}_activation`, activation);
}

/** [T, C] -> [T', filters]; the kernel is [size, C, filters]. */
export const conv1d: Translate = (translation) => {
  const [steps, channels] = sequenceShape(translation);
  const { filters, size, stride, dilation } = readCommon(translation);
  const { config } = translation;
  if ((config["groups"] ?? 1) !== 1) refuse(translation, "it has groups.");
  const taps = tapsOf(translation, { steps, size, stride, dilation });
  const kernel = tensorOf(translation, 0, "kernel", [size, channels, filters]);
  addConvolution(translation, [taps.steps, filters], (at) => {
    for (let t = 0; t < taps.steps; t++) {
      for (let tap = 0; tap < size; tap++) {
        const row = t * stride + tap * dilation - taps.before;
        if (row < 0 || row >= steps) continue;
        for (let c = 0; c < channels; c++) {
          for (let f = 0; f < filters; f++) {
            at(row * channels + c, t * filters + f, kernel[(tap * channels + c) * filters + f]!);
          }
        }
      }
    }
  });
};

/** [T, C] -> [T', filters]: each row is spread over `size` rows; the kernel is [size, filters, C]. */
export const conv1dTranspose: Translate = (translation) => {
  const [steps, channels] = sequenceShape(translation);
  const { filters, size, stride, dilation } = readCommon(translation);
  const { config } = translation;
  const { padding = "valid" } = config;
  if (dilation !== 1) refuse(translation, "it has a dilation_rate.");
  if (config["output_padding"] !== null && config["output_padding"] !== undefined) {
    refuse(translation, "it has an output_padding.");
  }
  if (padding !== "valid" && padding !== "same") refuse(translation, `its padding is ${text(padding)}.`);
  const isSame = padding === "same";
  const rows = isSame ? steps * stride : steps * stride + Math.max(size - stride, 0);
  const before = isSame ? Math.floor(Math.max(size - stride, 0) / 2) : 0;
  const kernel = tensorOf(translation, 0, "kernel", [size, filters, channels]);
  addConvolution(translation, [rows, filters], (at) => {
    for (let t = 0; t < steps; t++) {
      for (let tap = 0; tap < size; tap++) {
        const row = t * stride + tap - before;
        if (row < 0 || row >= rows) continue;
        for (let f = 0; f < filters; f++) {
          for (let c = 0; c < channels; c++) {
            at(t * channels + c, row * filters + f, kernel[(tap * filters + f) * channels + c]!);
          }
        }
      }
    }
  });
};
