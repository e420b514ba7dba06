/** Keras's Bidirectional: a recurrent layer in both directions of time. */
import { object, text } from "../network/json-guards.js";
import type { Tensor } from "../network/weights.js";
import { innerLayer } from "./plain-layers.js";
import { addCell, type Cell, GATES, readCell } from "./recurrent-layers.js";
import { word } from "./settings.js";
import { refuse, sequenceShape, type Translate, type Translation, where } from "./translation.js";

/**
 * Both directions as one layer of twice the units, whose kernels are those of the two layers side by side, with zeros
 * where a unit of one direction would read the other. Its input at step t is [x(t), x(T-1-t)].
 */
export const bidirectional: Translate = (translation) => {
  const { name, className, config, chain, tensors } = translation;
  const [steps, width] = sequenceShape(translation);
  const inner = innerLayer(translation);
  const innerClass = word(inner["class_name"]);
  if (!["LSTM", "GRU", "SimpleRNN"].includes(innerClass)) {
    refuse(translation, `the layer within is a ${innerClass}, and it can be an LSTM, a GRU or a SimpleRNN.`);
  }
  const innerConfig = object(inner["config"], `config of the layer within "${name}"`);
  const backwardLayer = config["backward_layer"];
  const half = (which: 0 | 1): Cell =>
    readCell(
      {
        ...translation,
        className: `Bidirectional ${innerClass}`,
        config: innerConfig,
        tensors: tensors.slice((which * tensors.length) / 2, ((which + 1) * tensors.length) / 2),
      },
      width,
    );
  if (innerConfig["go_backwards"] === true) refuse(translation, "its forward layer goes backwards.");
  if (backwardLayer !== undefined && backwardLayer !== null)
    checkMirrored(translation, innerConfig, backwardLayer);
  const [forward, backward] = [half(0), half(1)];
  const { units, returnSequences } = forward;
  const what = { name: `${name}_input`, what: className };
  chain.addMatrix(what, [steps, 2 * width], (at) => {
    for (let t = 0; t < steps; t++) {
      for (let i = 0; i < width; i++) {
        at(t * width + i, t * 2 * width + i, 1);
        at((steps - 1 - t) * width + i, t * 2 * width + width + i, 1);
      }
    }
  });
  addCell(translation, sideBySide(forward, backward));
  mergeDirections(translation, units, returnSequences ? steps : undefined);
};

/** A backward layer of its own has to have the settings of the forward one. */
function checkMirrored(translation: Translation, forward: object, backwardLayer: unknown): void {
  const { config } = object(backwardLayer, `backward_layer ${where(translation)}`);
  const backward = object(config, `config of backward_layer ${where(translation)}`);
  const own = forward as Readonly<Record<string, unknown>>;
  for (const key of [
    "units",
    "activation",
    "recurrent_activation",
    "use_bias",
    "return_sequences",
    "reset_after",
  ]) {
    if (text(own[key]) !== text(backward[key])) {
      refuse(translation, `the ${key} of its two directions differ.`);
    }
  }
}

/** The kernels of two layers as one layer's. Gate by gate, the units of the first come before those of the second. */
function sideBySide(first: Cell, second: Cell): Cell {
  const { units, kind } = first;
  const gates = GATES[kind];
  const columns = 2 * gates * units;
  const stack = (a: Tensor, b: Tensor, isShared: boolean): Tensor => {
    const rows = a.data.length / (gates * units);
    const data = new Float32Array((isShared ? rows : 2 * rows) * columns);
    [a, b].forEach((from, which) => {
      for (let row = 0; row < rows; row++) {
        const to = (isShared ? row : which * rows + row) * columns;
        for (let gate = 0; gate < gates; gate++) {
          const start = (row * gates + gate) * units;
          data.set(from.data.subarray(start, start + units), to + (2 * gate + which) * units);
        }
      }
    });
    return { shape: a.shape.length === 1 ? [columns] : [data.length / columns, columns], data };
  };
  return {
    ...first,
    units: 2 * units,
    kernel: stack(first.kernel, second.kernel, false),
    recurrentKernel: stack(first.recurrentKernel, second.recurrentKernel, false),
    bias: stack(first.bias, second.bias, true),
  };
}

/** How much of each direction's unit goes into the sum of both. */
const SHARES: Readonly<Record<string, number>> = { sum: 1, ave: 0.5 };

/**
 * What Keras makes of the two directions: side by side, the sum, or the mean. In a sequence the backward layer's outputs
 * stand in the order of time, so they are turned round.
 *
 * @param steps undefined where there are only the last outputs
 */
function mergeDirections(translation: Translation, units: number, steps: number | undefined): void {
  const { name, className, config, chain } = translation;
  const mode = word(config["merge_mode"] ?? "null");
  const share = Object.hasOwn(SHARES, mode) ? SHARES[mode]! : undefined;
  if (share === undefined && mode !== "concat") {
    refuse(translation, `its merge_mode is ${mode}; concat, sum and ave can be imported.`);
  }
  if (steps === undefined && share === undefined) return;
  const width = share === undefined ? 2 * units : units;
  const rows = steps ?? 1;
  const output = steps === undefined ? [width] : [steps, width];
  chain.addMatrix({ name: `${name}_merge`, what: className }, output, (at) => {
    for (let t = 0; t < rows; t++) {
      for (let unit = 0; unit < units; unit++) {
        at(t * 2 * units + unit, t * width + unit, share ?? 1);
        const backward = (rows - 1 - t) * 2 * units + units + unit;
        at(backward, t * width + (share === undefined ? units : 0) + unit, share ?? 1);
      }
    }
  });
}
