import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

/**
 * Optimises a function for objects of one shape, drops them all, collects the heap ten times, and prints whether the code
 * was there before and is there after. A module that is named is imported first.
 */
const PROGRAM = `
  const [module] = process.argv.slice(2);
  if (module !== undefined) await import(module);
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

test("code that was optimised for objects that are gone is kept when the heap is collected", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "residua-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "program.mjs");
  writeFileSync(program, PROGRAM);
  const beforeAndAfter = (...modules: string[]): unknown => {
    const args = ["--expose-gc", "--allow-natives-syntax", program, ...modules];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  };
  const heapGrowth = new URL("../src/heap-growth.js", import.meta.url).href;
  assert.deepEqual(beforeAndAfter(heapGrowth), [true, true]);
  assert.deepEqual(beforeAndAfter(), [true, false], "without these flags it is dropped");
});
