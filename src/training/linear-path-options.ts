/** The linear path that a training is asked for. */
import { InputError } from "../errors.js";
import type { Family } from "../network/architectures.js";
import { type LinearPathTraining, whyNoLinearPath } from "./linear-path.js";
import type { TrainOptions } from "./train-settings.js";

const DEFAULT_SHARE = 0.7;
const DEFAULT_TRAINING = "fixed";

/** The values of the options, undefined where they are not set. */
interface LinearPathValues {
  readonly linearPath: number | "off" | undefined;
  readonly linearPathTraining: LinearPathTraining | undefined;
  readonly reverse: boolean | undefined;
}

/**
 * What training makes of them.
 *
 * @throws InputError where they ask for a path beside a network that cannot have one, or say how to train none.
 */
export function linearPathOf(
  family: Family,
  values: LinearPathValues,
): Pick<TrainOptions, "linearPath" | "linearPathTraining"> {
  const linearPath = chooseShare(family, values);
  const { linearPathTraining } = values;
  if (linearPath === null && linearPathTraining !== undefined) {
    const reason =
      values.linearPath === "off" ? "--linear-path is off" : whyNoLinearPath({ ...values, family });
    throw new InputError(
      `--linear-path-training says how a linear path is trained, and there is none, since ${reason}: leave it out.`,
    );
  }
  return { linearPath, linearPathTraining: linearPathTraining ?? DEFAULT_TRAINING };
}

/** The share of the variance that the linear path holds; null for none. */
function chooseShare(family: Family, { linearPath, reverse }: LinearPathValues): number | null {
  if (linearPath === "off") return null;
  const reason = whyNoLinearPath({ family, reverse });
  if (reason === undefined) return linearPath ?? DEFAULT_SHARE;
  if (linearPath === undefined) return null;
  throw new InputError(
    `--linear-path needs a network that only reconstructs, in order of time; ${reason}: take --linear-path off.`,
  );
}
