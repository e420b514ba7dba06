/** Whether V8 makes wide code where it can, and what happens where that gives other results. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkedKernels } from "../../../src/engine/wasm/checked-kernels.js";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { probeInference } from "../../../src/engine/wasm/inference-probe.js";
import { type KernelFolder, loadKernels } from "../../../src/engine/wasm/kernels.js";
import { probeTraining } from "../../../src/engine/wasm/training-probe.js";
import { supportsWideVectors } from "../../../src/engine/wasm/wide-vectors.js";

const WIDE_KERNELS: readonly (readonly [KernelFolder, string])[] = [
  ["inference", "sumTileOfSixRows"],
  ["inference", "sumTileOfFourRows"],
  ["inference", "sumTwoTilesOfTwoRows"],
  ["inference", "sumFourTilesOfOneRow"],
  ["inference", "scaledSigmoids"],
  ["training", "sumFourRowsGap4"],
  ["training", "sumFourRowsGap64"],
  ["training", "sumFourTilesGap0"],
  ["training", "sumFourTilesGap4"],
];

/** Asked of the system here, and not of the code under test. */
const IS_EXPECTED =
  process.platform === "linux" &&
  process.arch === "x64" &&
  process.versions.node.startsWith("24.") &&
  /^flags\s*:.* avx2 /m.test(readFileSync("/proc/cpuinfo", "utf8"));
const unsupported = IS_EXPECTED ? false : "V8 has no wide vectors here";

async function trace(...args: string[]): Promise<{ widened: number; stderr: string }> {
  const program = fileURLToPath(new URL("trace-widening.js", import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], {
    maxBuffer: 2 ** 28,
  });
  return { widened: stdout.match(/Decide to vectorize/g)?.length ?? 0, stderr };
}

test("wide vectors are supported on Linux x64 with AVX2 and Node 24, and nowhere else", () => {
  assert.equal(supportsWideVectors(), IS_EXPECTED);
});

for (const [folder, name] of WIDE_KERNELS) {
  test(`V8 makes wide code of ${folder} ${name}`, { skip: unsupported }, async () => {
    const { widened } = await trace("kernel", folder, name);
    assert.ok(widened > 0);
  });
}

test("one different bit makes the engine fall back to narrow code, and is logged once", {
  skip: unsupported,
}, async () => {
  const { widened, stderr } = await trace("fallback");
  assert.equal(widened, 0);
  assert.match(stderr, /^256-bit vectors give other results[^\n]*\n$/);
});

test("so do wide kernels that fail", { skip: unsupported }, async () => {
  const { widened, stderr } = await trace("fallback", "fail");
  assert.equal(widened, 0);
  assert.equal(
    stderr,
    "256-bit vectors fail (memory access out of bounds) here: the engine uses 128-bit vectors.\n",
  );
});

test("wide kernels are used where the results are the same", { skip: unsupported }, async () => {
  const check = { setting: "auto", log: (_: string, message: string) => assert.fail(message) } as const;
  assert.equal((await checkedKernels("inference", probeInference, check)).wide, true);
  assert.equal((await checkedKernels("training", probeTraining, check)).wide, true);
  const engine = await createWasmEngine({ threads: 1 });
  assert.equal(engine.vectorBits, 256);
  await engine.close();
});

test("off uses narrow vectors", async () => {
  const engine = await createWasmEngine({ threads: 1, wideVectors: "off" });
  assert.equal(engine.vectorBits, 128);
  await engine.close();
});

test("the results of the probe for inference are numbers in which a difference shows", async () => {
  const kernels = await loadKernels("inference", "narrow");
  const results = await probeInference(kernels);
  const floats = new Float32Array(new Uint8Array(results).buffer);
  assert.ok(floats.every(Number.isFinite));
  // Neither zeros nor saturated activations, which would hide a difference.
  assert.ok(new Set(floats).size > floats.length / 2);
});
