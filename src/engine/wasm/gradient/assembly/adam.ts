/**
 * Adam (Kingma & Ba 2015, algorithm 1 with the efficient form of its section 2), as Keras computes it:
 *
 *   m += (g - m)(1 - beta1)   v += (g² - v)(1 - beta2)   w -= m rate sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v) + epsilon)
 *
 * after gradients whose norm together is above `clipNorm` are scaled to it (Pascanu et al. 2013).
 */
import { Job } from "./plan";

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-7;

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
  const epsilon = f32x4.splat(EPSILON);
  const share1 = f32x4.splat(1 - BETA_1);
  const share2 = f32x4.splat(1 - BETA_2);
  for (let at = offset; at < offset + bytes; at += 16) {
    const g = f32x4.mul(v128.load(job.gradients + at), scale);
    let m = v128.load(job.firstMoments + at);
    let v = v128.load(job.secondMoments + at);
    m = f32x4.add(m, f32x4.mul(f32x4.sub(g, m), share1));
    v = f32x4.add(v, f32x4.mul(f32x4.sub(f32x4.mul(g, g), v), share2));
    v128.store(job.firstMoments + at, m);
    v128.store(job.secondMoments + at, v);
    const change = f32x4.div(f32x4.mul(m, rate), f32x4.add(f32x4.sqrt(v), epsilon));
    v128.store(job.parameters + at, f32x4.sub(v128.load(job.parameters + at), change));
  }
}
