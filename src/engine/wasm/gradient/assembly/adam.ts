/**
 * Adam (Kingma & Ba 2015, algorithm 1 with the efficient form of its section 2), as Keras computes it:
 *
 *   m += (g - m)(1 - beta1)   v += (g² - v)(1 - beta2)   w -= m rate sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v) + epsilon)
 *
 * after gradients whose norm together is above `clipNorm` are scaled to it (Pascanu et al. 2013).
 */
import { madd } from "../../assembly/arithmetic";
import { flush, LEAST } from "./flush";
import { Job } from "./plan";

/**
 * 1 - beta1, 1 - beta2, epsilon and LEAST, four times each: loaded before a loop they stay in registers, which constants
 * in the code do not (../../assembly/activations.ts).
 */
const CONSTANTS = memory.data<f32>(
  [0.1, 0.1, 0.1, 0.1, 0.001, 0.001, 0.001, 0.001, 1e-7, 1e-7, 1e-7, 1e-7, LEAST, LEAST, LEAST, LEAST],
  64,
);

/** Floats that one thread takes at a time. */
export const PARAMETER_BLOCK: i32 = 4096;

/** The sum of squares of `bytes` bytes of gradients, in float64. */
export function sumSquares(gradients: usize, bytes: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let at = gradients; at < gradients + bytes; at += 16) {
    const g = v128.load(at);
    const g01 = f64x2.promote_low_f32x4(g);
    const g23 = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(g01, g01));
    high = f64x2.add(high, f64x2.mul(g23, g23));
  }
  const sums = f64x2.add(low, high);
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** The factor that brings the gradients' norm down to `clipNorm`; NaN where one is not finite. */
export function gradientScale(job: Job): f64 {
  let sum: f64 = 0;
  for (let product = 0; product < job.weightGradientCount; product++) {
    sum += load<f64>(job.squares + (<usize>product << 3));
  }
  if (!isFinite(sum)) return NaN;
  const norm = Math.sqrt(sum);
  return norm > job.clipNorm ? job.clipNorm / norm : 1;
}

/** Moves one block of weights. */
export function update(job: Job, block: i32, gradientScale: f64): void {
  const first = block * PARAMETER_BLOCK;
  const bytes = <usize>min(PARAMETER_BLOCK, job.parameterCount - first) << 2;
  const offset = <usize>first << 2;
  const scale = f32x4.splat(<f32>gradientScale);
  const rate = f32x4.splat(<f32>job.correctedRate);
  const share1 = v128.load(CONSTANTS, 0);
  const share2 = v128.load(CONSTANTS, 16);
  const epsilon = v128.load(CONSTANTS, 32);
  const least = v128.load(CONSTANTS, 48);
  let weights = job.parameters + offset;
  let gradients = job.gradients + offset;
  let firstMoments = job.firstMoments + offset;
  let secondMoments = job.secondMoments + offset;
  for (const end = weights + bytes; weights < end; weights += 16) {
    const g = f32x4.mul(v128.load(gradients), scale);
    let m = v128.load(firstMoments);
    let v = v128.load(secondMoments);
    m = flush(madd(f32x4.sub(g, m), share1, m), least);
    v = flush(madd(f32x4.sub(f32x4.mul(g, g), v), share2, v), least);
    v128.store(firstMoments, m);
    v128.store(secondMoments, v);
    const change = f32x4.div(f32x4.mul(m, rate), f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(weights, f32x4.sub(v128.load(weights), change));
    gradients += 16;
    firstMoments += 16;
    secondMoments += 16;
  }
}
