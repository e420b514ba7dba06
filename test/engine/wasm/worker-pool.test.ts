/** The threads: jobs that overlap, threads that die, and engines that close. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { compileNetwork } from "../../../src/engine/wasm/inference/executable.js";
import { SharedHeap } from "../../../src/engine/wasm/inference/heap.js";
import { type Kernels, loadKernels } from "../../../src/engine/wasm/kernels.js";
import type { Job } from "../../../src/engine/wasm/pool/job.js";
import { JOB_KIND_FORWARD } from "../../../src/engine/wasm/pool/layout.js";
import { WorkerPool } from "../../../src/engine/wasm/pool/worker-pool.js";
import { readGoldenCase } from "../golden.js";

const golden = readGoldenCase("stacked-dense");
const other = readGoldenCase("deep-tanh");

/** A job whose plan lies outside the memory: the thread that takes it dies of it. */
const fatal: Job = {
  kind: JOB_KIND_FORWARD,
  plan: 0xffff_ff00,
  rows: 1,
  blocks: 1,
  work: 1,
  together: false,
  scratch: 0,
  scratchStride: 0,
  places: [],
};

test("several executables' runs overlap, more than the ring has slots for", async () => {
  const engine = await createWasmEngine({ threads: 2 });
  const first = await engine.compile(golden.network, golden.weights);
  const second = await engine.compile(other.network, other.weights);
  const alone = [await first.run(golden.windows, golden.count), await second.run(other.windows, other.count)];
  const runs = Array.from({ length: 300 }, (_, n) =>
    n % 2 === 0 ? first.run(golden.windows, golden.count) : second.run(other.windows, other.count),
  );
  const answers = await Promise.all(runs);
  answers.forEach((answer, n) => {
    assert.deepEqual(answer, alone[n % 2]);
  });
  await engine.close();
});

test("outputs belong to the caller", async () => {
  const engine = await createWasmEngine({ threads: 1 });
  const executable = await engine.compile(golden.network, golden.weights);
  const first = await executable.run(golden.windows, golden.count);
  const copy = structuredClone(first);
  await executable.run(
    golden.windows.map((value) => value + 1),
    golden.count,
  );
  assert.deepEqual(first, copy);
  assert.ok(!(first.embedding.buffer instanceof SharedArrayBuffer));
  await engine.close();
});

test("a thread that dies refuses the runs under way, and others take its place", async () => {
  const engine = await createWasmEngine({ threads: 2 });
  const executable = await engine.compile(golden.network, golden.weights);
  const answer = await executable.run(golden.windows, golden.count);
  for (let n = 0; n < 3; n++) {
    const death = engine.pool.run(fatal);
    const beside = Promise.allSettled([1, 2, 3].map(() => executable.run(golden.windows, golden.count)));
    await assert.rejects(death, { code: "INFERENCE_FAILED" });
    for (const result of await beside) {
      if (result.status === "fulfilled") assert.deepEqual(result.value, answer);
      else assert.equal(result.reason.code, "INFERENCE_FAILED");
    }
    assert.deepEqual(await executable.run(golden.windows, golden.count), answer);
  }
  assert.equal(engine.restarts, 3);
  const held = engine.heap.heldBytes;
  await executable.close();
  assert.ok(engine.heap.heldBytes < held);
  assert.equal(engine.heap.heldBytes, 0);
  await engine.close();
});

test("a job that fails on the calling thread is refused as one of a thread that dies, and the next one runs", async () => {
  const engine = await createWasmEngine({ threads: 1 });
  const executable = await engine.compile(golden.network, golden.weights);
  const alone = () => executable.run(golden.windows, 1);
  const answer = await alone();
  assert.throws(() => engine.pool.runHere(fatal), { code: "INFERENCE_FAILED" });
  assert.deepEqual(await alone(), answer);
  assert.equal(engine.restarts, 0);
  await engine.close();
});

test("where no thread can be started, runs are refused until one can", async () => {
  const heap = new SharedHeap();
  const kernels: { -readonly [Key in keyof Kernels]: Kernels[Key] } = { ...(await loadKernels("inference")) };
  const { module } = kernels;
  const pool = await WorkerPool.start(kernels, heap.memory, 2);
  const executable = await compileNetwork(heap, pool, golden.network, golden.weights);
  const run = () => executable.run(golden.windows, golden.count);
  const answer = await run();
  // A module without the kernels: a thread ends before it is ready.
  kernels.module = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  await assert.rejects(pool.run(fatal), { code: "INFERENCE_FAILED" });
  const refused = { code: "INFERENCE_FAILED", message: "The wasm engine cannot start its threads." };
  for (const result of [run(), run(), run()]) await assert.rejects(result, refused);
  kernels.module = module;
  assert.deepEqual(await run(), answer);
  assert.deepEqual(await Promise.all([run(), run()]), [answer, answer]);
  await executable.close();
  await pool.close();
});

test("closing waits for the runs under way, and refuses later ones", async () => {
  const engine = await createWasmEngine({ threads: 2 });
  const executable = await engine.compile(golden.network, golden.weights);
  const runs = Array.from({ length: 100 }, () => executable.run(golden.windows, golden.count));
  const closed = engine.close();
  await Promise.all(runs);
  await closed;
  await assert.rejects(executable.run(golden.windows, golden.count), { code: "SHUTTING_DOWN" });
  await executable.close();
  assert.equal(engine.heap.heldBytes, 0);
});

test("closing an executable waits for its runs", async () => {
  const engine = await createWasmEngine({ threads: 1 });
  const executable = await engine.compile(golden.network, golden.weights);
  const run = executable.run(golden.windows, golden.count);
  await executable.close();
  assert.equal((await run).embedding.length > 0, true);
  assert.equal(engine.heap.heldBytes, 0);
  await engine.close();
});

test("an engine that is not closed keeps no process alive", async () => {
  const engine = new URL("../../../src/engine/wasm/engine.js", import.meta.url).href;
  const fixture = new URL("../golden.js", import.meta.url).href;
  const script = `
    const { createWasmEngine } = await import(${JSON.stringify(engine)});
    const { readGoldenCase } = await import(${JSON.stringify(fixture)});
    const { network, weights, windows, count } = readGoldenCase("stacked-dense");
    const executable = await (await createWasmEngine({ threads: 2 })).compile(network, weights);
    await executable.run(windows, count);
    console.log("ran");
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(stdout, "ran\n");
});

test("the build without relaxed SIMD answers as Keras does", async () => {
  const module = await WebAssembly.compile(
    await readFile(new URL("../../../src/engine/wasm/kernels/inference/kernels.wasm", import.meta.url)),
  );
  const heap = new SharedHeap();
  const pool = await WorkerPool.start({ module, fused: false, wide: false }, heap.memory, 2);
  for (const { network, weights, windows, count, outputs } of [golden, other]) {
    const executable = await compileNetwork(heap, pool, network, weights);
    const answer = await executable.run(windows, count);
    outputs.forEach((expected, head) => {
      expected.forEach((value, n) => {
        const error = Math.abs(answer.heads[head]![n]! - value) / Math.max(1, Math.abs(value));
        assert.ok(error <= 1e-5);
      });
    });
    await executable.close();
  }
  await pool.close();
});
