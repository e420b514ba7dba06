/** Keras's recurrent layers: LSTM, GRU and SimpleRNN. */
import { count } from "../network/json-guards.js";
import type { Activation, RecurrentActivation } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Tensor } from "../network/weights.js";
import { readCellActivation, readGateActivation } from "./settings.js";
import { refuse, sequenceShape, type Translate, type Translation, tensorOf, where } from "./translation.js";

/** A recurrent layer as our network has it, with its weights. */
export interface Cell {
  readonly kind: "lstm" | "gru";
  readonly units: number;
  readonly activation: Activation;
  readonly recurrentActivation: RecurrentActivation;
  readonly returnSequences: boolean;
  readonly goesBackwards: boolean;
  readonly kernel: Tensor;
  readonly recurrentKernel: Tensor;
  readonly bias: Tensor;
}

/** The gates of a cell, whose columns stand side by side in its kernels. */
export const GATES = { lstm: 4, gru: 3 };

/** Adds a recurrent layer. One that goes backwards reads its sequence turned round by a matrix. */
export const recurrent: Translate = (translation) => {
  const { name, className, chain } = translation;
  const [steps, width] = sequenceShape(translation);
  const cell = readCell(translation, width);
  if (cell.goesBackwards) {
    chain.addMatrix({ name: `${name}_backwards`, what: className }, [steps, width], (at) => {
      for (let t = 0; t < steps; t++) {
        for (let i = 0; i < width; i++) at((steps - 1 - t) * width + i, t * width + i, 1);
      }
    });
  }
  addCell(translation, cell);
};

export function addCell({ name, chain, startsFrom }: Translation, cell: Cell): void {
  const { kind, units, activation, recurrentActivation, returnSequences } = cell;
  const settings = { units, activation, recurrentActivation, returnSequences };
  chain.add({ kind, name: chain.name(name), ...settings, ...(startsFrom !== undefined && { startsFrom }) }, [
    cell.kernel,
    cell.recurrentKernel,
    cell.bias,
  ]);
}

/** A recurrent layer that reads rows of `width` values. @throws InputError where the engines do not compute it. */
export function readCell(translation: Translation, width: number): Cell {
  const { className, config, isKeras2, chain, name } = translation;
  if (config["stateful"] === true) {
    refuse(
      translation,
      "it is stateful, and windows are scored each by itself; save it with stateful=False.",
    );
  }
  for (const rate of ["dropout", "recurrent_dropout"]) {
    if (typeof config[rate] === "number" && config[rate] > 0) {
      chain.notes.push(`The ${rate} of layer "${name}" does nothing when a model scores, so it is left out.`);
    }
  }
  const common = {
    units: count(config["units"], `units ${where(translation)}`),
    activation: readCellActivation(config["activation"] ?? "linear", where(translation), isKeras2),
    returnSequences: config["return_sequences"] === true,
    goesBackwards: config["go_backwards"] === true,
  };
  if (className.endsWith("SimpleRNN")) return simpleCell(translation, width, common);
  const kind = className.endsWith("GRU") ? "gru" : "lstm";
  if (kind === "gru" && config["reset_after"] !== true) {
    refuse(
      translation,
      "it has reset_after=False, whose numbers the engines do not compute; train it with reset_after=True, Keras's default.",
    );
  }
  const { units } = common;
  const columns = GATES[kind] * units;
  const biasShape = kind === "gru" ? [2, columns] : [columns];
  return {
    kind,
    ...common,
    recurrentActivation: readGateActivation(
      config["recurrent_activation"] ?? "sigmoid",
      where(translation),
      isKeras2,
    ),
    ...weightsOf(translation, width, units, columns, biasShape),
  };
}

function weightsOf(
  translation: Translation,
  width: number,
  units: number,
  columns: number,
  biasShape: readonly number[],
): Pick<Cell, "kernel" | "recurrentKernel" | "bias"> {
  const part = (index: number, what: string, shape: readonly number[]): Tensor => ({
    shape,
    data: tensorOf(translation, index, what, shape),
  });
  // The kernels bound the number of units, which the configuration alone does not.
  const kernel = part(0, "kernel", [width, columns]);
  const recurrentKernel = part(1, "recurrent_kernel", [units, columns]);
  const bias =
    translation.config["use_bias"] === false
      ? { shape: biasShape, data: new Float32Array(sizeOf(biasShape)) }
      : part(2, "bias", biasShape);
  return { kernel, recurrentKernel, bias };
}

/** Far outside what a hard sigmoid lets through: it gives exactly 0 below and 1 above. */
const CLOSED = -100;
const OPEN = 100;

/** h' = activation(x.W + b + h.R): a GRU whose update gate is always 0 and whose reset gate is always 1. */
function simpleCell(
  translation: Translation,
  width: number,
  common: Pick<Cell, "units" | "activation" | "returnSequences" | "goesBackwards">,
): Cell {
  const { units } = common;
  const own = weightsOf(translation, width, units, units, [units]);
  const candidate = ({ data }: Tensor, rows: number): Tensor => {
    const wide = new Float32Array(rows * 3 * units);
    for (let row = 0; row < rows; row++) {
      wide.set(data.subarray(row * units, (row + 1) * units), row * 3 * units + 2 * units);
    }
    return { shape: [rows, 3 * units], data: wide };
  };
  const bias = new Float32Array(6 * units);
  bias
    .fill(CLOSED, 0, units)
    .fill(OPEN, units, 2 * units)
    .set(own.bias.data, 2 * units);
  return {
    kind: "gru",
    ...common,
    recurrentActivation: "hardSigmoid",
    kernel: candidate(own.kernel, width),
    recurrentKernel: candidate(own.recurrentKernel, units),
    bias: { shape: [2, 3 * units], data: bias },
  };
}
