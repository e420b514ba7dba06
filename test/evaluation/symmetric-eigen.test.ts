import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decomposeSymmetric } from "../../src/evaluation/symmetric-eigen.js";
import { Random } from "../../src/network/random.js";

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
