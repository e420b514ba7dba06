import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonFile, seedList } from "../../src/cli/option-values.js";
import { InputError } from "../../src/errors.js";

test("what is typed becomes what it says", () => {
  assert.deepEqual(seedList("3"), [1, 2, 3]);
  assert.deepEqual(seedList("7, 4"), [7, 4]);
  assert.equal(jsonFile("a/b.JSON"), "a/b.JSON");
});

test("what cannot be meant is refused", () => {
  for (const text of ["", "0", "101", "1,", "1,x", "2,2", "-1"]) {
    assert.throws(() => seedList(text), InputError, text);
  }
  for (const text of ["", "data.csv", "json"]) assert.throws(() => jsonFile(text), InputError, text);
});
