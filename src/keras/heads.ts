/** Which rows of a window an output of a Keras model stands for: its file does not say. */
import { InputError } from "../errors.js";
import type { Head } from "../network/network.js";

/**
 * What an output may be taken for:
 *
 *   reconstruction   the window
 *   reversed         the window, last row first
 *   prediction       the window from its second row on, where the output has one row fewer; else as `horizon`
 *   horizon          the rows after those that the model reads
 */
const HEAD_CHOICES = ["reconstruction", "reversed", "prediction", "horizon"] as const;
export type HeadChoice = (typeof HEAD_CHOICES)[number];

/** Parses `reconstruction,prediction`. @throws InputError for anything else. */
export function headChoices(text: string): HeadChoice[] {
  return text.split(",").map((part) => {
    const found = HEAD_CHOICES.find((known) => known === part.trim());
    if (found === undefined) throw new InputError(`It has to be a list of ${HEAD_CHOICES.join(", ")}.`);
    return found;
  });
}

/** An output: the name of its layer, and its rows. */
export interface Output {
  readonly name: string;
  readonly steps: number;
}

export interface ChosenHeads {
  readonly heads: readonly Omit<Head, "layers">[];
  /** Rows of a window: those that the model reads, and those after them that it predicts. */
  readonly timesteps: number;
  /** A sentence for each output: what it is taken for. */
  readonly notes: readonly string[];
}

const PREDICTS = /pred|forecast|future|horizon|next/i;

/**
 * Chooses what outputs are taken for: what is said by `choices`, one for each; else by the names of their layers and by
 * their rows.
 *
 * @param inputSteps the rows that the model reads
 * @throws InputError where a choice does not fit an output, or two outputs would be the same.
 */
export function chooseHeads(
  outputs: readonly Output[],
  inputSteps: number,
  choices: readonly HeadChoice[] | undefined,
): ChosenHeads {
  if (choices !== undefined && choices.length !== outputs.length) {
    throw new InputError(
      `--heads names ${choices.length} ${choices.length === 1 ? "output" : "outputs"}, and the model has ${outputs.length}.`,
    );
  }
  const taken = outputs.map((output, index) => choices?.[index] ?? guess(output, index, outputs, inputSteps));
  const heads = outputs.map((output, index) => headOf(output, taken[index]!, inputSteps));
  if (new Set(heads.map(({ name }) => name)).size < heads.length) {
    throw new InputError(
      `Both outputs would be a ${heads[0]!.name}; a model has one of each. Say what they are with --heads, such as --heads reconstruction,prediction.`,
    );
  }
  const timesteps = Math.max(inputSteps, ...heads.map(({ start, steps }) => start + steps));
  const notes = outputs.map(({ name }, index) => {
    const how = choices === undefined ? " (--heads says otherwise)" : "";
    return `Output "${name}" is taken for ${describe(heads[index]!, inputSteps)}${how}.`;
  });
  return { heads, timesteps, notes };
}

function guess(output: Output, index: number, outputs: readonly Output[], inputSteps: number): HeadChoice {
  if (output.steps !== inputSteps || PREDICTS.test(output.name)) return "prediction";
  const isSecondOfTwins = index === 1 && outputs[0]!.steps === inputSteps && !PREDICTS.test(outputs[0]!.name);
  return isSecondOfTwins ? "prediction" : "reconstruction";
}

function headOf({ name, steps }: Output, choice: HeadChoice, inputSteps: number): Omit<Head, "layers"> {
  if (choice === "reconstruction" || choice === "reversed") {
    if (steps !== inputSteps) {
      throw new InputError(
        `Output "${name}" has ${steps} rows, so it is no reconstruction of windows of ${inputSteps}; --heads prediction takes it for one.`,
      );
    }
    return { name: "reconstruction", start: 0, steps, reversed: choice === "reversed" };
  }
  const isShifted = choice === "prediction" && inputSteps > 1 && steps === inputSteps - 1;
  return { name: "prediction", start: isShifted ? 1 : inputSteps, steps, reversed: false };
}

function describe({ name, start, steps, reversed }: Omit<Head, "layers">, inputSteps: number): string {
  if (name === "reconstruction")
    return `the reconstruction of the window${reversed ? ", last row first" : ""}`;
  if (start < inputSteps) return "a prediction of the window's rows from the second on";
  const rows = steps === 1 ? "row" : `${steps} rows`;
  return `a prediction of the ${rows} after the ${inputSteps} that it reads`;
}
