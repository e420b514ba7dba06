/** Small pictures on a terminal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawBraille } from "../../src/cli/braille.js";

test("a rising line goes from the lower left to the upper right", () => {
  const lines = drawBraille(Float64Array.of(0, 1), 4, 2);
  assert.equal(lines.length, 2);
  assert.deepEqual(
    lines.map((line) => [...line].length),
    [4, 4],
  );
  assert.equal(lines[1]![0], "⡴");
  assert.equal(lines[0]!.at(-1), "⠋");
  assert.ok(lines[1]!.endsWith("⠀") && lines[0]!.startsWith("⠀"));
});

test("a spike of one among many values is seen; missing ones leave a gap", () => {
  const values = new Float64Array(10_000).fill(1);
  values[5_000] = 9;
  const [top, bottom] = drawBraille(values, 10, 2) as [string, string];
  assert.equal([...top].filter((cell) => cell !== "⠀").length, 1);
  assert.equal([...bottom].filter((cell) => cell !== "⠀").length, 10);
  values.fill(Number.NaN, 0, 2_000);
  assert.ok(drawBraille(values, 10, 2).every((line) => line.startsWith("⠀⠀")));
});

test("equal values are a line; no value is no picture", () => {
  assert.deepEqual(drawBraille(Float64Array.of(3, 3, 3), 3, 1), ["⠤⠤⠤"]);
  assert.deepEqual(drawBraille(new Float64Array(0), 3, 1), []);
  assert.deepEqual(drawBraille(Float64Array.of(Number.NaN), 3, 1), []);
});
