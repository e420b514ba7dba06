/** Principal components of windows: the directions in which normal windows differ most from their mean. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** The mean of the windows fitted on, and the first principal components: a linear autoencoder. */
export interface PrincipalComponents {
  /** [size] */
  readonly mean: Float64Array;
  readonly count: number;
  /** [count, size]: orthogonal unit vectors, by variance, the largest first. */
  readonly axes: Float64Array;
}

/** Eigenvectors are found for matrices of at most this many rows: the time grows with their cube. */
const MOST_ROWS = 512;
const MOST_WINDOWS = 4096;
/**
 * Entries below this share of the largest are taken as 0. They are far below the rounding error of every eigenvalue,
 * and the library's vectors are not orthogonal where the squares of entries vanish.
 */
const NEGLIGIBLE = Number.EPSILON ** 2;

/**
 * How many windows to fit components on, at most. Windows of more than 512 values are taken 512 at a time, so that
 * the matrix whose eigenvectors are found has no more rows than that.
 *
 * @param size values in a window: timesteps x features.
 */
export function windowsToFit(size: number): number {
  return size > MOST_ROWS ? MOST_ROWS : MOST_WINDOWS;
}

/**
 * The fewest principal components that together hold a share of the variance (Pearson 1901; Jolliffe 2002, "Principal
 * Component Analysis", chapters 1 and 6.1).
 *
 * With X [n, size] the windows less their mean, the components are the eigenvectors of the covariance X'X. Where there
 * are fewer windows than values in a window (n < size), those of the smaller matrix XX' [n, n] are found in its place:
 * both have the same eigenvalues l above 0, and where v is an eigenvector of XX', X'v / sqrt(l) is one of X'X.
 *
 * @param windows [n, size], finite, at least one.
 * @param varianceShare in [0, 1]
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
  if (n >= size) {
    const { values, vectors } = decomposeSymmetric(innerProducts(transpose(centred, n, size), size, n), size);
    const count = countComponents(values, varianceShare);
    return { mean, count, axes: vectors.slice(0, count * size) };
  }
  const { values, vectors } = decomposeSymmetric(innerProducts(centred, n, size), n);
  const count = countComponents(values, varianceShare);
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

/**
 * Eigenvalues, the largest first, and eigenvectors of unit length of a real symmetric matrix, in O(n^3).
 *
 * @param matrix [n, n], symmetric and finite.
 * @returns values [n], and vectors [n, n] whose row i belongs to value i.
 */
export function decomposeSymmetric(
  matrix: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const scale = powerOfTwoBelow(matrix);
  const scaled = matrix.map((x) => (Math.abs(x) < NEGLIGIBLE * scale ? 0 : x / scale));
  const eigen = new EigenvalueDecomposition(Matrix.from1DArray(n, n, scaled), { assumeSymmetric: true });
  const columns = eigen.eigenvectorMatrix;
  // In the library the smallest value comes first, and a vector is a column.
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => eigen.realEigenvalues[b]! - eigen.realEigenvalues[a]!,
  );
  const vectors = new Float64Array(n * n);
  order.forEach((column, row) => {
    for (let i = 0; i < n; i++) vectors[row * n + i] = columns.get(i, column);
  });
  return { values: Float64Array.from(order, (i) => eigen.realEigenvalues[i]! * scale), vectors };
}

/** The largest power of two up to the largest entry, so that a division by it keeps all digits; 1 for zeros alone. */
function powerOfTwoBelow(matrix: Float64Array): number {
  const largest = matrix.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
}

function countComponents(values: Float64Array, varianceShare: number): number {
  const total = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  let held = 0;
  let count = 0;
  while (count < values.length && held < varianceShare * total) held += values[count++]!;
  return count;
}

/** [rows, rows]: the inner product of every two rows. */
function innerProducts(matrix: Float64Array, rows: number, columns: number): Float64Array {
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

/**
 * The mean square of what is left of a window once its components are taken out of it: what a linear autoencoder
 * does not reconstruct.
 *
 * @param window [size]
 */
export function residualError(components: PrincipalComponents, window: Float32Array): number {
  const { mean, count, axes } = components;
  const size = mean.length;
  const rest = Float64Array.from(window, (x, i) => x - mean[i]!);
  // Each component is taken out of what the ones before it left, so that a small rest keeps its digits.
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
