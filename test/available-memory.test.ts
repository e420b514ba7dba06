import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { test } from "node:test";
import { availableMemory } from "../src/available-memory.js";

test("the limit of a container counts, but never more than the machine has", () => {
  assert.equal(availableMemory(1000, 5000), 1000);
  assert.equal(availableMemory(0, 5000), 5000);
  // Version 1 of cgroups writes a limit of 2^63 for none.
  assert.equal(availableMemory(2 ** 63, 5000), 5000);
});

test("the process may use some of the machine's memory, and no more than all", () => {
  const bytes = availableMemory();
  assert.ok(bytes > 0 && bytes <= totalmem());
});
