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

/** @throws RangeError where `count` is no whole number above 0, or there are fewer windows or weights than that. */
export function checkBatch({ inputs, targets, count, windowWeights }: TrainingBatch, network: Network): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`A batch has a whole number of windows of at least 1, not ${count}.`);
  }
  const length = count * windowSize(network);
  const whole =
    Math.min(inputs.length, targets.length) >= length && (windowWeights?.length ?? count) >= count;
  if (whole) return;
  throw new RangeError(
    `There are not ${count} windows of [${network.timesteps}, ${inputWidth(network)}], or weights of theirs, in what was given.`,
  );
}
