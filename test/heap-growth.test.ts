import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "./registry/publications.js";

const HEAP_GROWTH = new URL("../src/heap-growth.js", import.meta.url).href;

/** What a program prints as JSON; a module that is named is imported first. */
async function resultOf(t: TestContext, program: string, ...modules: string[]): Promise<unknown> {
  const file = join(await temporaryFolder(t), "program.mjs");
  const importing = "for (const module of process.argv.slice(2)) await import(module);";
  writeFileSync(file, `${importing}\n${program}`);
  const args = ["--expose-gc", "--allow-natives-syntax", file, ...modules];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

/** Whether a function that is optimised for objects of one shape still is, after ten collections that find no such object. */
const KEEPS_CODE = `
  const sum = (object) => object.first + object.second;
  const connection = () => {
    const object = {};
    object.first = 1;
    object.second = 2;
    return object;
  };
  const optimise = () => {
    %PrepareFunctionForOptimization(sum);
    for (let n = 0; n < 10; n++) sum(connection());
    %OptimizeFunctionOnNextCall(sum);
    sum(connection());
  };
  optimise();
  const isOptimised = () => (%GetOptimizationStatus(sum) & 16) !== 0;
  const before = isOptimised();
  for (let n = 0; n < 10; n++) await gc({ type: "major", execution: "async" });
  console.log(JSON.stringify([before, isOptimised()]));
`;

test("code that was optimised for objects that are gone is kept when the heap is collected", async (t) => {
  assert.deepEqual(await resultOf(t, KEEPS_CODE, HEAP_GROWTH), [true, true]);
  assert.deepEqual(await resultOf(t, KEEPS_CODE), [true, false], "without these flags it is dropped");
});

/** The MiB of the young generation after thousands of objects in each of many turns, a tenth of which outlive a turn. */
const YOUNG_GENERATION = `
  import { setImmediate } from "node:timers/promises";
  import { getHeapSpaceStatistics } from "node:v8";
  let kept = [];
  for (let turn = 0; turn < 4000; turn++) {
    const objects = Array.from({ length: 1000 }, (_, n) => ({ values: [turn, n] }));
    kept = [...kept.slice(-20), objects];
    await setImmediate();
  }
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  console.log(JSON.stringify(space.space_size / 1024 ** 2));
`;

test("the young generation grows to its chosen size, and no further", async (t) => {
  assert.equal(await resultOf(t, YOUNG_GENERATION, HEAP_GROWTH), 16);
  assert.ok(
    ((await resultOf(t, YOUNG_GENERATION)) as number) > 16,
    "without this V8 makes it as large as it may",
  );
});
