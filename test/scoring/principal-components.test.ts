import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/network/random.js";
import {
  decomposeSymmetric,
  fitPrincipalComponents,
  residualError,
  windowsToFit,
} from "../../src/scoring/principal-components.js";

function check(matrix: Float64Array, n: number): void {
  const { values, vectors } = decomposeSymmetric(matrix, n);
  const size = 1 + matrix.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  for (let i = 0; i < n; i++) {
    if (i > 0) assert.ok(values[i]! <= values[i - 1]!);
    const v = vectors.subarray(i * n, (i + 1) * n);
    for (let row = 0; row < n; row++) {
      let product = 0;
      for (let j = 0; j < n; j++) product += matrix[row * n + j]! * v[j]!;
      assert.ok(Math.abs(product - values[i]! * v[row]!) < 1e-11 * n * size, `vector ${i}`);
    }
    for (let other = 0; other <= i; other++) {
      let dot = 0;
      for (let j = 0; j < n; j++) dot += v[j]! * vectors[other * n + j]!;
      assert.ok(Math.abs(dot - (other === i ? 1 : 0)) < 1e-11 * n, `${i} and ${other}`);
    }
  }
}

test("each vector is only stretched by its matrix, and all stand at right angles", () => {
  const symmetric = fc.integer({ min: 1, max: 9 }).chain((n) =>
    fc
      .array(
        fc.oneof(
          fc.constant(0),
          fc.integer({ min: -2, max: 2 }),
          fc.double({ min: -9, max: 9, noNaN: true }),
        ),
        {
          minLength: n * n,
          maxLength: n * n,
        },
      )
      .map((list) => ({
        n,
        matrix: Float64Array.from(list, (_, i) => {
          const row = Math.floor(i / n);
          const column = i % n;
          return list[Math.min(row, column) * n + Math.max(row, column)]!;
        }),
      })),
  );
  fc.assert(fc.property(symmetric, ({ n, matrix }) => check(matrix, n)));
});

test("a covariance of less than full rank, and a large one", () => {
  const random = new Random(1);
  const n = 60;
  const matrix = new Float64Array(n * n);
  for (let sample = 0; sample < 20; sample++) {
    const x = Float64Array.from({ length: n }, () => random.normal());
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) matrix[i * n + j]! += x[i]! * x[j]!;
  }
  check(matrix, n);
  const { values } = decomposeSymmetric(matrix, n);
  assert.ok(values[19]! > 1 && Math.abs(values[20]!) < 1e-10);
});

/** Windows that a few directions span, and a little noise. */
function makeWindows(n: number, size: number): Float32Array {
  const random = new Random(n + size);
  const axes = Array.from({ length: 3 }, () => Array.from({ length: size }, () => random.normal()));
  const windows = new Float32Array(n * size);
  for (let window = 0; window < n; window++) {
    const weights = axes.map((_, i) => random.normal() * 3 ** i);
    for (let i = 0; i < size; i++) {
      windows[window * size + i] =
        5 + axes.reduce((sum, axis, a) => sum + weights[a]! * axis[i]!, 0.01 * random.normal());
    }
  }
  return windows;
}

test("components leave the variance that they do not hold, on either side of the matrix", () => {
  for (const [n, size] of [
    [200, 12],
    [12, 40],
    [30, 30],
  ] as const) {
    const windows = makeWindows(n, size);
    const means = Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let window = 0; window < n; window++) sum += windows[window * size + i]!;
      return sum / n;
    });
    const total = windows.reduce((sum, x, i) => sum + (x - means[i % size]!) ** 2, 0);
    const restOf = (share: number) => {
      const components = fitPrincipalComponents(windows, size, share);
      let rest = 0;
      for (let window = 0; window < n; window++) {
        rest += size * residualError(components, windows.subarray(window * size, (window + 1) * size));
      }
      return { rest: rest / total, count: components.count };
    };
    const few = restOf(0.9);
    assert.ok(few.rest <= 0.1 + 1e-9 && few.count <= 2, `${few.rest} ${few.count}`);
    const more = restOf(0.999);
    assert.ok(more.rest <= 0.001 + 1e-9 && more.count <= 3, `${more.rest} ${more.count}`);
    assert.equal(restOf(0).count, 0);
    assert.ok(Math.abs(restOf(0).rest - 1) < 1e-9);
  }
});

test("windows without variance need no component", () => {
  const components = fitPrincipalComponents(new Float32Array(5 * 4).fill(2), 4, 0.9);
  assert.equal(components.count, 0);
  assert.equal(residualError(components, Float32Array.of(2, 2, 2, 4)), 1);
});

test("the larger a window, the fewer are fitted on", () => {
  assert.ok(windowsToFit(10_000) < windowsToFit(10));
});
