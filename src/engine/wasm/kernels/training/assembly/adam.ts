/**
 * Adam (Kingma & Ba 2015, algorithm 1 with the efficient form of its section 2), as Keras computes it:
 *
 *   m += (g - m)(1 - beta1)   v += (g² - v)(1 - beta2)   w -= m rate sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v) + epsilon)
 *
 * Before that, if the norm of all gradients together is above `clipNorm`, they are scaled down to it (Pascanu et al.
 * 2013).
 */
import { madd } from "../../inference/assembly/arithmetic";
import { flush, loadLeast, loadMagnitude } from "./flush";
import { Job } from "./plan";

/**
 * 1 - beta1, 1 - beta2, epsilon, in memory: loaded before a loop they stay in registers, while a constant in the code
 * is built anew at each use (../../inference/assembly/activations.ts).
 */
const CONSTANTS = memory.data<f32>([0.1, 0.001, 1e-7]);

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

/** 0 if every gradient is finite, otherwise NaN: enough if gradients are not clipped. `bytes` is a multiple of 64. */
export function sumZeros(gradients: usize, bytes: usize): f64 {
  const zero = f32x4.splat(0);
  let a = zero;
  let b = zero;
  let c = zero;
  let d = zero;
  for (let at = gradients; at < gradients + bytes; at += 64) {
    a = madd(v128.load(at), zero, a);
    b = madd(v128.load(at, 16), zero, b);
    c = madd(v128.load(at, 32), zero, c);
    d = madd(v128.load(at, 48), zero, d);
  }
  const sums = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  const pairs = f32x4.add(sums, v128.shuffle<f32>(sums, sums, 2, 3, 0, 1));
  return <f64>f32x4.extract_lane(pairs, 0) + <f64>f32x4.extract_lane(pairs, 1);
}

/** The factor that scales the gradients' norm down to `clipNorm`; NaN if a gradient is not finite. */
export function gradientScale(job: Job): f64 {
  let sum: f64 = 0;
  for (let product = 0; product < job.weightGradientCount; product++) {
    sum += load<f64>(job.squares + (<usize>product << 3));
  }
  if (!isFinite(sum)) return NaN;
  const norm = Math.sqrt(sum);
  return norm > job.clipNorm ? job.clipNorm / norm : 1;
}

/** Adam's step for one block of weights. */
export function update(job: Job, block: i32, gradientScale: f64): void {
  const first = block * PARAMETER_BLOCK;
  const bytes = <usize>min(PARAMETER_BLOCK, job.parameterCount - first) << 2;
  const offset = <usize>first << 2;
  const scale = f32x4.splat(<f32>gradientScale);
  const rate = f32x4.splat(<f32>job.correctedRate);
  const share1 = v128.load32_splat(CONSTANTS, 0);
  const share2 = v128.load32_splat(CONSTANTS, 4);
  const epsilon = v128.load32_splat(CONSTANTS, 8);
  const least = loadLeast();
  const magnitude = loadMagnitude();
  let weights = job.parameters + offset;
  let gradients = job.gradients + offset;
  let firstMoments = job.firstMoments + offset;
  let secondMoments = job.secondMoments + offset;
  for (const end = weights + bytes; weights < end; weights += 32) {
    const g = f32x4.mul(v128.load(gradients), scale);
    const g2 = f32x4.mul(v128.load(gradients, 16), scale);
    let m = v128.load(firstMoments);
    let m2 = v128.load(firstMoments, 16);
    let v = v128.load(secondMoments);
    let v2 = v128.load(secondMoments, 16);
    let w = v128.load(weights);
    let w2 = v128.load(weights, 16);
    m = flush(madd(f32x4.sub(g, m), share1, m), least, magnitude);
    m2 = flush(madd(f32x4.sub(g2, m2), share1, m2), least, magnitude);
    v = flush(madd(f32x4.sub(f32x4.mul(g, g), v), share2, v), least, magnitude);
    v2 = flush(madd(f32x4.sub(f32x4.mul(g2, g2), v2), share2, v2), least, magnitude);
    w = f32x4.sub(w, f32x4.div(f32x4.mul(m, rate), f32x4.add(f32x4.sqrt(v), epsilon)));
    w2 = f32x4.sub(w2, f32x4.div(f32x4.mul(m2, rate), f32x4.add(f32x4.sqrt(v2), epsilon)));
    v128.store(firstMoments, m);
    v128.store(firstMoments, m2, 16);
    v128.store(secondMoments, v);
    v128.store(secondMoments, v2, 16);
    v128.store(weights, w);
    v128.store(weights, w2, 16);
    gradients += 32;
    firstMoments += 32;
    secondMoments += 32;
  }
}
