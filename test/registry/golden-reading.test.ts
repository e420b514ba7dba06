/** A large golden.json is parsed beside the event loop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readGolden } from "../../src/registry/golden-reading.js";
import { watchLoop } from "../walls/loop-watch.js";

const contentOf = (text: string) => ({ bytes: Buffer.from(text), sha256: "" });

test("golden.json of 30 MB holds the event loop for milliseconds, and has the numbers of the text", async () => {
  const numbers = Array.from({ length: 3_000_000 }, (_, i) => Math.fround(i / 7_000_003));
  const content = contentOf(JSON.stringify({ count: 2, windows: numbers, other: "x" }));
  const loop = watchLoop();
  const golden = (await readGolden(content)) as Record<string, unknown>;
  const { longestMs } = loop.end();
  assert.deepEqual({ ...golden, windows: 0 }, { count: 2, windows: 0, other: "x" });
  assert.deepEqual(golden["windows"], Float32Array.from(numbers));
  assert.ok(longestMs <= 50, `a turn took ${longestMs} ms`);
});

test("a large golden.json is refused with the sentences of a small one", async () => {
  const zeros = "0,".repeat(200_000);
  for (const [text, message] of [
    [`{"windows":[${zeros}1e39]}`, "windows of golden.json holds 1e+39, which is not a float32."],
    [`{"windows":[${zeros}"x"]}`, 'windows of golden.json holds "x", which is not a float32.'],
    [`{"windows":[${zeros}`, /^golden\.json is not JSON/],
    [`[${zeros}0]`, "golden.json has to be an object, not an array."],
  ] as const) {
    await assert.rejects(readGolden(contentOf(text)), { name: "InputError", message });
  }
});
