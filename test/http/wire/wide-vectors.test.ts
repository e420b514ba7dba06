/**
 * The tests of this folder once more, with wide vectors. The wasm engine turns them on for the whole process
 * (src/engine/wasm/wide-vectors.ts), and V8 then also makes wide code of the kernels that read and write JSON.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { supportsWideVectors } from "../../../src/engine/wasm/wide-vectors.js";

const folder = fileURLToPath(new URL(".", import.meta.url));
const others = readdirSync(folder).filter(
  (file) => file.endsWith(".test.js") && file !== basename(import.meta.url),
);
// Without Liftoff all functions are compiled by the compiler that makes wide code.
const FLAGS = ["--no-liftoff", "--experimental-wasm-revectorize"];
// A file that is run by the test runner would report to it instead of failing.
const { NODE_TEST_CONTEXT: _, ...env } = process.env;

test("there are tests to run again", () => {
  assert.ok(others.length >= 3);
});

for (const file of others) {
  const skip = supportsWideVectors() ? false : "V8 has no wide vectors here";
  test(`${file} passes with wide vectors`, { skip }, async () => {
    // Rejects with the output where a test fails.
    await promisify(execFile)(process.execPath, [...FLAGS, file], { cwd: folder, env, maxBuffer: 2 ** 26 });
  });
}
