/** Principal components of windows: the plainest autoencoder there is, linear and without hidden layers. */
import { decomposeSymmetric } from "./symmetric-eigen.js";

export interface PrincipalComponents {
  /** [size] */
  readonly mean: Float64Array;
  readonly count: number;
  /** [count, size]: unit vectors at right angles, the one of the largest variance first. */
  readonly axes: Float64Array;
}

/** The most windows, or numbers in a window, that a covariance is decomposed for: it costs their cube. */
const MOST_DECOMPOSED = 512;
const MOST_WINDOWS = 4096;

/** How many windows of a size are worth fitting on. */
export function windowsToFit(size: number): number {
  return size > MOST_DECOMPOSED ? MOST_DECOMPOSED : MOST_WINDOWS;
}

/**
 * The fewest components that hold a share of the variance. Where windows are longer than there are many, the
 * products of windows are decomposed in place of the covariance: both have the same eigenvalues.
 *
 * @param windows [n, size], at least one.
 */
export function fitPrincipalComponents(
  windows: Float32Array,
  size: number,
  varianceShare: number,
): PrincipalComponents {
  const n = windows.length / size;
  const mean = new Float64Array(size);
  for (let i = 0; i < windows.length; i++) mean[i % size]! += windows[i]! / n;
  const centred = Float64Array.from(windows, (x, i) => x - mean[i % size]!);
  const byWindow = n < size;
  const { values, vectors } = byWindow
    ? decomposeSymmetric(products(centred, n, size), n)
    : decomposeSymmetric(products(transpose(centred, n, size), size, n), size);
  const count = countComponents(values, varianceShare);
  if (!byWindow) return { mean, count, axes: vectors.slice(0, count * size) };
  const axes = new Float64Array(count * size);
  for (let component = 0; component < count; component++) {
    const length = Math.sqrt(values[component]!);
    const axis = axes.subarray(component * size, (component + 1) * size);
    for (let window = 0; window < n; window++) {
      const weight = vectors[component * n + window]! / length;
      for (let i = 0; i < size; i++) axis[i]! += weight * centred[window * size + i]!;
    }
  }
  return { mean, count, axes };
}

function countComponents(values: Float64Array, varianceShare: number): number {
  const total = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  let held = 0;
  let count = 0;
  while (count < values.length && held < varianceShare * total) held += values[count++]!;
  return count;
}

/** [rows, rows]: the inner product of each two rows. */
function products(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += matrix[i * columns + k]! * matrix[j * columns + k]!;
      result[i * rows + j] = sum;
      result[j * rows + i] = sum;
    }
  }
  return result;
}

function transpose(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j]!;
  return result;
}

/** The mean square of what the components leave of a window. @param window [size] */
export function residualError(components: PrincipalComponents, window: Float32Array): number {
  const { mean, count, axes } = components;
  const size = mean.length;
  const rest = Float64Array.from(window, (x, i) => x - mean[i]!);
  // From the rest each time, not from the window: what is left stays exact where it is small.
  for (let component = 0; component < count; component++) {
    const first = component * size;
    let along = 0;
    for (let i = 0; i < size; i++) along += axes[first + i]! * rest[i]!;
    for (let i = 0; i < size; i++) rest[i]! -= along * axes[first + i]!;
  }
  let sum = 0;
  for (let i = 0; i < size; i++) sum += rest[i]! * rest[i]!;
  return sum / size;
}
