/** The windows of one job of a trainer. */
import { inputWidth, type Network, windowSize } from "../../../network/network.js";

export interface TrainingBatch {
  /** [count, timesteps, features + covariates] */
  readonly inputs: Float32Array;
  /** [count, timesteps, features + covariates], of which covariates are not read; `inputs` itself where they are the same. */
  readonly targets: Float32Array;
  readonly count: number;
  /** [count]; undefined where each window's loss counts as it is. */
  readonly windowWeights: Float32Array | undefined;
}

/** Throws RangeError where there are no windows, or fewer windows or weights than `count`. */
export function checkBatch({ inputs, targets, count, windowWeights }: TrainingBatch, network: Network): void {
  const length = count * windowSize(network);
  const whole =
    Math.min(inputs.length, targets.length) >= length && (windowWeights?.length ?? count) >= count;
  if (count >= 1 && whole) return;
  throw new RangeError(
    `There are not ${count} windows of [${network.timesteps}, ${inputWidth(network)}], or weights of theirs, in what was given.`,
  );
}
