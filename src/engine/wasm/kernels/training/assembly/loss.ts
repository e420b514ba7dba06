/** The loss of a head, by window in float64, and its gradient at the head's output. */
import { MODE_GRADIENTS } from "../../../training/layout";
import { Job, Operation } from "./plan";

/**
 * Adds to each window's loss its weight times the mean over the head's rows and features of its squared or absolute
 * residuals.
 */
export function addLoss(job: Job, head: Operation, start: usize, first: usize, rows: i32): void {
  const output = head.input;
  const features = job.features;
  const rowBytes = <usize>job.inputWidth << 2;
  const windowBytes = <usize>job.timesteps * rowBytes;
  const share = 1 / (<f64>output.steps * <f64>features);
  const asked = job.mode >= MODE_GRADIENTS && output.gradient != 0;
  const evenShare = <f32>(share / <f64>job.windows);
  for (let row = first; row < first + rows; row++) {
    const weight = load<f32>(job.windowWeights + ((start + row) << 2));
    const gradientShare = evenShare * weight;
    let sum: f64 = 0;
    for (let step = 0; step < output.steps; step++) {
      const targetRow = head.firstRow + (head.reversed ? output.steps - 1 - step : step);
      let target = job.targets + (start + row) * windowBytes + <usize>targetRow * rowBytes;
      const offset = <usize>step * output.stepBytes + row * output.rowBytes;
      let given = output.data + offset;
      let gradient = output.gradient + offset;
      for (let feature = 0; feature < features; feature++) {
        const residual = load<f32>(given) - load<f32>(target);
        if (job.absolute) {
          sum += <f64>abs(residual);
        } else {
          sum += <f64>residual * <f64>residual;
        }
        if (asked) store<f32>(gradient, slopeOf(job, residual) * gradientShare);
        given += 4;
        target += 4;
        gradient += 4;
      }
    }
    const at = job.losses + ((start + row) << 3);
    store<f64>(at, load<f64>(at) + sum * share * <f64>weight);
  }
}

@inline
function slopeOf(job: Job, residual: f32): f32 {
  if (!job.absolute) return 2 * residual;
  if (residual > 0) return 1;
  // 0 for a residual of 0, and NaN for NaN.
  return residual < 0 ? -1 : residual;
}
