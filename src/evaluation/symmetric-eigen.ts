/**
 * Eigenvalues and eigenvectors of a real symmetric matrix: Householder's reduction to a tridiagonal matrix, then
 * QL with implicit shifts (Golub & Van Loan 2013, "Matrix Computations", sections 8.3.1 and 8.3.3). O(n^3).
 */

export interface SymmetricEigen {
  /** [n], largest first. */
  readonly values: Float64Array;
  /** [n, n]: row i is the eigenvector of unit length that belongs to value i. */
  readonly vectors: Float64Array;
}

/** Numbers below this have lost digits. */
const LEAST_NORM = 2.2250738585072014e-308;
/** Two or three are usual. */
const MOST_SWEEPS = 60;

/** @param matrix [n, n], symmetric and finite. */
export function decomposeSymmetric(matrix: Float64Array, n: number): SymmetricEigen {
  const { diagonal, beside, basis } = tridiagonalise(matrix, n);
  solveTridiagonal(diagonal, beside, basis, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(basis.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** [n]: `beside[i]` stands between rows i and i+1; the last is 0. */
  readonly beside: Float64Array;
  /** [n, n]: rows q_i with matrix = sum over i, j of t_ij q_i q_j^T. */
  readonly basis: Float64Array;
}

/** Column by column, a reflection takes what stands below the subdiagonal to 0. */
function tridiagonalise(matrix: Float64Array, n: number): Tridiagonal {
  const a = matrix.slice();
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm = Math.hypot(norm, a[i * n + k]!);
    if (norm < LEAST_NORM) continue;
    const first = a[(k + 1) * n + k]!;
    const to = first > 0 ? -norm : norm;
    v.fill(0);
    let square = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = (a[i * n + k]! - (i === k + 1 ? to : 0)) / norm;
      square += v[i]! * v[i]!;
    }
    const beta = 2 / square;
    reflectBoth(a, v, p, beta, k, n);
    reflectRows(basis, v, p, beta, k + 1, n);
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const beside = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? a[(i + 1) * n + i]! : 0));
  return { diagonal, beside, basis };
}

/** a <- H a H with H = 1 - beta v v^T, where v is 0 up to and with `k`: a - v w^T - w v^T. */
function reflectBoth(
  a: Float64Array,
  v: Float64Array,
  p: Float64Array,
  beta: number,
  k: number,
  n: number,
): void {
  let vp = 0;
  for (let i = k; i < n; i++) {
    let sum = 0;
    for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!;
    p[i] = beta * sum;
    vp += p[i]! * v[i]!;
  }
  for (let i = k; i < n; i++) p[i]! -= (beta / 2) * vp * v[i]!;
  for (let i = k; i < n; i++) {
    const vi = v[i]!;
    const wi = p[i]!;
    for (let j = k; j < n; j++) a[i * n + j]! -= vi * p[j]! + wi * v[j]!;
  }
}

/** basis <- H basis, where v is 0 before `from`. */
function reflectRows(
  basis: Float64Array,
  v: Float64Array,
  sums: Float64Array,
  beta: number,
  from: number,
  n: number,
): void {
  sums.fill(0);
  for (let i = from; i < n; i++) for (let j = 0; j < n; j++) sums[j]! += v[i]! * basis[i * n + j]!;
  for (let i = from; i < n; i++) {
    const scale = beta * v[i]!;
    for (let j = 0; j < n; j++) basis[i * n + j]! -= scale * sums[j]!;
  }
}

/** Turns the tridiagonal matrix into a diagonal one by rotations, which turn the rows of the basis too. */
function solveTridiagonal(d: Float64Array, e: Float64Array, basis: Float64Array, n: number): void {
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(d[i]!), Math.abs(e[i]!));
  // Against the largest entry, not the neighbours: among zeros no rounding error would ever be small.
  const negligible = Math.max(largest * Number.EPSILON, LEAST_NORM);
  for (let low = 0; low < n; low++) {
    for (let sweeps = 0; ; sweeps++) {
      let end = low;
      while (end + 1 < n && Math.abs(e[end]!) > negligible) end++;
      if (end === low) break;
      if (sweeps === MOST_SWEEPS) throw new Error(`Eigenvalue ${low} of ${n} does not converge.`);
      sweep(d, e, basis, low, end, n);
    }
  }
}

/** One QL step from row `end` up to `low`, with Wilkinson's shift. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  basis: Float64Array,
  low: number,
  end: number,
  n: number,
): void {
  const half = (d[low + 1]! - d[low]!) / (2 * e[low]!);
  const root = Math.hypot(half, 1);
  let g = d[end]! - d[low]! + e[low]! / (half + (half >= 0 ? root : -root));
  let sine = 1;
  let cosine = 1;
  let shift = 0;
  for (let i = end - 1; i >= low; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= shift;
      e[end] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1]! - shift;
    const t = (d[i]! - g) * sine + 2 * cosine * b;
    shift = sine * t;
    d[i + 1] = g + shift;
    g = cosine * t - b;
    rotateRows(basis, i * n, (i + 1) * n, sine, cosine, n);
  }
  d[low]! -= shift;
  e[low] = g;
  e[end] = 0;
}

function rotateRows(
  basis: Float64Array,
  upper: number,
  lower: number,
  sine: number,
  cosine: number,
  n: number,
): void {
  for (let k = 0; k < n; k++) {
    const f = basis[lower + k]!;
    const u = basis[upper + k]!;
    basis[lower + k] = sine * u + cosine * f;
    basis[upper + k] = cosine * u - sine * f;
  }
}
