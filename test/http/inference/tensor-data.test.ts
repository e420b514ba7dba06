/** The JSON data of a tensor: flat, or nested as its shape says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResiduaError } from "../../../src/errors.js";
import { readTensorData } from "../../../src/http/inference/tensor-data.js";

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 5 }),
);
const numbers = fc.infiniteStream(
  fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
);

/** Flat values nested by the lengths of a shape. */
function nest(values: readonly unknown[], [length, ...rest]: readonly number[]): unknown[] {
  if (rest.length === 0) return [...values];
  const size = values.length / length!;
  return Array.from({ length: length! }, (_, i) => nest(values.slice(i * size, (i + 1) * size), rest));
}

function faultOf(data: readonly unknown[], shape: readonly number[]): ResiduaError {
  try {
    readTensorData(data, shape);
  } catch (error) {
    assert.ok(error instanceof ResiduaError, String(error));
    return error;
  }
  throw new Error("The data was taken.");
}

test("flat and nested data are the same numbers", () => {
  fc.assert(
    fc.property(shapes, numbers, (shape, stream) => {
      const flat = [...stream.take(shape[0] * shape[1] * shape[2])];
      const expected = Float64Array.from(flat, (value) => value ?? Number.NaN);
      assert.deepEqual(readTensorData(flat, shape), expected);
      assert.deepEqual(readTensorData(nest(flat, shape), shape), expected);
    }),
  );
});

test("data nested by other lengths than the shape's is refused, though it has as many numbers", () => {
  fc.assert(
    fc.property(shapes, shapes, (shape, other) => {
      const count = shape[0] * shape[1] * shape[2];
      fc.pre(count === other[0] * other[1] * other[2] && shape.join() !== other.join());
      const data = nest(
        Array.from({ length: count }, (_, i) => i),
        other,
      );
      const fault = faultOf(data, shape);
      assert.equal(fault.code, "INVALID_REQUEST");
      assert.match(fault.violations[0]!.path, /^\/inputs\/0\/data/);
    }),
    { numRuns: 2000 },
  );
});

test("the place of what does not fit is said", () => {
  const shape = [2, 2, 2];
  for (const [data, path, message] of [
    [[1, 2, 3], "/inputs/0/data", /has 3 values, flat; its shape \[2, 2, 2\] takes 8/],
    [
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      "/inputs/0/data",
      /has 1 entries/,
    ],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        [[5, 6]],
      ],
      "/inputs/0/data/1",
      /has 1 entries/,
    ],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        [[5, 6], [7]],
      ],
      "/inputs/0/data/1/1",
      /has 1 entries/,
    ],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        [5, 6, 7, 8],
      ],
      "/inputs/0/data/1",
      /has 4 entries/,
    ],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
        5,
      ],
      "/inputs/0/data/1",
      /must be an array, as the data is nested, not 5/,
    ],
    [
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
      "/inputs/0/data/0",
      /has 4 entries/,
    ],
    [
      [
        [
          [1, [2]],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
      "/inputs/0/data/0/0/1",
      /must be a number or null, not an array/,
    ],
    [[1, 2, 3, 4, 5, 6, 7, [8]], "/inputs/0/data/7", /must be a number or null, not an array/],
  ] as [unknown[], string, RegExp][]) {
    const { violations } = faultOf(data, shape);
    assert.equal(violations[0]!.path, path, JSON.stringify(data));
    assert.match(violations[0]!.message, message);
  }
});
