import assert from "node:assert/strict";
import { test } from "node:test";
import { SCORER_NAMES, SCORERS } from "../../../src/scoring/scorers/scorers.js";
import { testScorer } from "./scorer-laws.js";

for (const scorer of SCORERS) testScorer(scorer);

test("the numbers of published scorers never change, and none is used twice", () => {
  const ids = Object.fromEntries(SCORERS.map(({ name, id }) => [name, id]));
  assert.deepEqual({ squared: ids["squared"], absolute: ids["absolute"] }, { squared: 0, absolute: 1 });
  assert.equal(new Set(Object.values(ids)).size, SCORERS.length);
  assert.equal(new Set(SCORER_NAMES).size, SCORERS.length);
  // A key of calibration.bin is id * 2 + kind, as a uint32.
  for (const { id } of SCORERS) assert.ok(Number.isInteger(id) && id >= 0 && id < 2 ** 31);
});
