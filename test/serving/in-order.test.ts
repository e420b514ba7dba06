import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder } from "../../src/serving/in-order.js";

test("results come in the order of the tasks, no more than the limit under way", async () => {
  let underWay = 0;
  let most = 0;
  const task = async (i: number) => {
    underWay += 1;
    most = Math.max(most, underWay);
    // The later a task the sooner it ends.
    for (let turn = i; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return i;
  };
  const results: number[] = [];
  for await (const result of inOrder(Array(20).keys(), task, 3)) results.push(result);
  assert.deepEqual(
    results,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.equal(most, 3);
});

test("the first failure in order ends it, and no task is begun after it is known", async () => {
  const begun: number[] = [];
  const task = async (i: number) => {
    begun.push(i);
    if (i === 2) throw new Error("two");
    return i;
  };
  const results: number[] = [];
  await assert.rejects(async () => {
    for await (const result of inOrder(Array(10).keys(), task, 2)) results.push(result);
  }, new Error("two"));
  assert.deepEqual(results, [0, 1]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
