import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boundSpoilt } from "../../src/scoring/spoilt-errors.js";

const T = 5;
const kinds = fc.constantFrom("squared", "absolute" as const);
const errorsOf = (largest: number) =>
  fc
    .array(fc.oneof(fc.double({ min: 0, max: largest, noNaN: true }), fc.constant(Number.NaN)), {
      minLength: T,
      maxLength: 4 * T,
    })
    .map((values) => Float64Array.from(values.slice(0, values.length - (values.length % T))));

test("errors stay as they are where none is far out of range", () => {
  fc.assert(
    fc.property(errorsOf(1.4), kinds, (errors, kind) => {
      assert.equal(boundSpoilt(errors, T, kind, 1), errors);
    }),
  );
});

test("the largest errors of a window count, up to a bound; much smaller ones count as normal ones", () => {
  fc.assert(
    fc.property(errorsOf(9), kinds, (errors, kind) => {
      const before = errors.slice();
      const bounded = boundSpoilt(errors, T, kind, 1);
      assert.deepEqual(errors, before);
      const power = kind === "squared" ? 1 : 0.5;
      for (let i = 0; i < errors.length; i++) {
        const own = errors.subarray(i - (i % T), i - (i % T) + T).filter((error) => !Number.isNaN(error));
        const most = Math.max(0, ...own);
        if (!(errors[i]! > 1) || most <= 2 ** power) assert.equal(bounded[i], errors[i]);
        else if (errors[i]! * 3 ** power < most) assert.equal(bounded[i], 0.5);
        else assert.equal(bounded[i], Math.min(errors[i]!, 2 ** power));
      }
    }),
  );
});
