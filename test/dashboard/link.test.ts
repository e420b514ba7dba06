import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLink, parseLink, type View } from "../../src/dashboard/link.js";

const text = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const view: fc.Arbitrary<View> = fc.record(
  {
    page: fc.constantFrom("series" as const, "models" as const, "operations" as const),
    model: text,
    version: text,
    other: text,
    source: text,
    group: text,
    from: fc.nat(),
    to: fc.nat(),
    threshold: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    features: fc.array(text, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ["page"], noNullPrototype: true },
);

test("a link leads to what it was made from, whatever names hold", () => {
  fc.assert(
    fc.property(view, (own) => {
      assert.deepEqual(parseLink(formatLink(own)), own);
    }),
  );
});

test("what a link says wrongly is left out", () => {
  assert.deepEqual(parseLink(""), { page: "series" });
  assert.deepEqual(parseLink("#/nowhere?model="), { page: "series" });
  assert.deepEqual(parseLink("#/series?from=-1&to=1.5&threshold=x&threshold="), { page: "series" });
  assert.deepEqual(parseLink("#/models?model=pump&from=3"), { page: "models", model: "pump", from: 3 });
});
