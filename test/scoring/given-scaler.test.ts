/** Scalers of scikit-learn, from JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readGivenScaler } from "../../src/scoring/given-scaler.js";

const AB = ["a", "b"];
const read = (scaler: object, features = AB) => readGivenScaler(JSON.stringify(scaler), features);

test("a StandardScaler is read from mean_ and scale_, or var_", () => {
  assert.deepEqual(read({ mean_: [1, -2], scale_: [3, 4] }), {
    kind: "standard",
    offset: [1, -2],
    scale: [3, 4],
  });
  assert.deepEqual(read({ mean: [1, -2], var: [9, 0] }), {
    kind: "standard",
    offset: [1, -2],
    scale: [3, 1],
  });
});

test("a MinMaxScaler gives scikit-learn's numbers, from either pair of attributes", () => {
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(number, positive, number, positive, number, (least, range, from, span, x) => {
      const to = from + span;
      const scale = (to - from) / range;
      const wanted = (x - least) * scale + from;
      const scalers = [
        { data_min_: [least], data_max_: [least + range], feature_range: [from, to] },
        { min_: [from - least * scale], scale_: [scale] },
      ];
      for (const scaler of scalers) {
        const { kind, offset, scale: divisor } = read(scaler, ["a"]);
        assert.equal(kind, "minmax");
        const size = Math.abs(from) + Math.abs(least * scale) + Math.abs(x * scale) + Math.abs(wanted);
        // A range beside a large number has fewer digits.
        const digits = 1e-12 * (1 + (Math.abs(least) + range) / range) * (1 + (Math.abs(from) + span) / span);
        assert.ok(Math.abs((x - offset[0]!) / divisor[0]! - wanted) <= digits * (size + 1));
      }
    }),
  );
});

test("with names the numbers are put in the order of the data", () => {
  const scaler = { feature_names_in_: ["b", "c", "a"], mean_: [2, 3, 1], scale_: [20, 30, 10] };
  assert.deepEqual(read(scaler), { kind: "standard", offset: [1, 2], scale: [10, 20] });
  assert.throws(() => read(scaler, ["a", "d"]), /has no feature "d"; feature_names_in_ is \["b","c","a"\]/);
});

test("what is no scaler for the data is refused", () => {
  assert.throws(() => readGivenScaler("{", AB), /not JSON/);
  assert.throws(() => readGivenScaler("[]", AB), /has to be a JSON object/);
  assert.throws(() => read({ mean_: [1, 2] }), /lacks numbers.*StandardScaler.*MinMaxScaler/);
  assert.throws(() => read({ mean_: [1], scale_: [1] }), /mean of the scaler.*each of 2 features/);
  assert.throws(() => read({ mean_: [1, "2"], scale_: [1, 1] }), /numbers alone/);
  assert.throws(() => read({ mean_: [1, 2], scale_: [1, 0] }), /above 0/);
  assert.throws(() => read({ data_min_: [0, 0], data_max_: [1, 1], feature_range: [1, 0] }), /feature_range/);
});
