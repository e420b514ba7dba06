/**
 * The engine on TensorFlow itself, in its own process: on the CPU, or on a GPU with RESIDUA_TEST_GPU=1. Skipped where
 * the addon is not built: it needs a compiler and TensorFlow's wheel (`npm run tensorflow -- cpu`).
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Outputs } from "../../../src/engine/engine.js";
import { builtAddon } from "../../../src/engine/tensorflow/addon.js";
import type { DeviceLog } from "../../../src/engine/tensorflow/device-options.js";
import type { TensorflowEngine } from "../../../src/engine/tensorflow/engine.js";
import { createTensorflowEngine } from "../../../src/engine/tensorflow/engine.js";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { ResiduaError } from "../../../src/errors.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { type Network, windowSize } from "../../../src/network/network.js";
import { initialWeights } from "../../../src/network/weights.js";
import { GOLDEN_CASES, readGoldenCase } from "../golden.js";
import { someNumbers } from "../network-arbitrary.js";

const skip =
  builtAddon() === undefined
    ? "the TensorFlow addon is not built; npm run tensorflow -- cpu builds it"
    : false;
const native = { skip };
const gpu = process.env["RESIDUA_TEST_GPU"] === "1" ? "required" : "never";

let engine: TensorflowEngine;
/** What the engine could not do as it should, and did in another way. */
const warnings: string[] = [];
before(async () => {
  const log: DeviceLog = (level, line) => {
    if (level === "warn" && !line.startsWith("The device process ended")) warnings.push(line);
  };
  if (skip === false) engine = await createTensorflowEngine({ gpu, maxBatchWindows: 4, log });
});
after(() => engine?.close());

function assertNear(got: Float32Array, want: Float32Array, what: string): void {
  assert.equal(got.length, want.length, what);
  got.forEach((value, i) => {
    const error = Math.abs(value - want[i]!) / Math.max(1, Math.abs(want[i]!));
    assert.ok(error <= 1e-5, `${what}, number ${i}: ${value} instead of ${want[i]}`);
  });
}

const small: Network = buildNetwork({
  family: "composite",
  timesteps: 5,
  horizon: 2,
  features: 3,
  units: [4],
  activation: "tanh",
  reverse: true,
});

for (const name of GOLDEN_CASES) {
  test(`${name} answers as Keras does, on TensorFlow`, native, async () => {
    const { network, weights, windows, count, outputs } = readGoldenCase(name);
    const executable = await engine.compile(network, weights);
    const answer = await executable.run(windows, count);
    outputs.forEach((expected, head) => {
      assertNear(answer.heads[head]!, expected, `head ${head}`);
    });
    await executable.close();
  });
}

/** Beside a linear path, with covariates that it does not read. */
const withCovariates: Network = buildNetwork({
  family: "dense",
  timesteps: 5,
  features: 3,
  covariates: 4,
  units: [6],
  activation: "tanh",
  linearPath: 2,
});

for (const [what, network] of [
  ["a composite network", small],
  ["a network with covariates", withCovariates],
] as const) {
  test(`${what} answers as on the wasm engine, in one batch or in many`, native, async (t) => {
    const weights = initialWeights(network, 5);
    const wasm = await createWasmEngine({ threads: 1 });
    t.after(() => wasm.close());
    const [ours, theirs] = [await engine.compile(network, weights), await wasm.compile(network, weights)];
    for (const count of [1, 3, 4, 11]) {
      const windows = someNumbers(count, count * windowSize(network));
      const [got, want] = [await ours.run(windows, count), await theirs.run(windows, count)];
      want.heads.forEach((head, i) => {
        assertNear(got.heads[i]!, head, `head ${i} of ${count} windows`);
      });
      assertNear(got.embedding, want.embedding, `embedding of ${count} windows`);
    }
    await ours.close();
  });
}

test("every network ran as it was meant to: on a GPU with cuDNN and XLA", native, () => {
  assert.deepEqual(warnings, []);
});

test("runs may overlap, and each is answered for itself", native, async () => {
  const executable = await engine.compile(small, initialWeights(small, 1));
  const size = small.timesteps * small.features;
  const inputs = Array.from({ length: 12 }, (_, i) => someNumbers(i + 1, size * ((i % 4) + 1)));
  const alone: Outputs[] = [];
  for (const input of inputs) alone.push(await executable.run(input, input.length / size));
  const together = await Promise.all(inputs.map((input) => executable.run(input, input.length / size)));
  together.forEach((answer, i) => {
    assertNear(answer.heads[0]!, alone[i]!.heads[0]!, `run ${i}`);
  });
  await executable.close();
});

test("kill -9 of the device process under load loses no run, and it is there again", native, async () => {
  const executable = await engine.compile(small, initialWeights(small, 1));
  const size = small.timesteps * small.features;
  const windows = someNumbers(3, 4 * size);
  const want = await executable.run(windows, 4);
  const { devicePid } = engine;
  let killed = false;
  let answeredAfter = 0;
  const client = async (): Promise<void> => {
    while (answeredAfter < 40) {
      try {
        const answer = await executable.run(windows, 4);
        assertNear(answer.heads[0]!, want.heads[0]!, "a run under load");
        if (killed) answeredAfter++;
      } catch (error) {
        assert.ok(error instanceof ResiduaError && error.code === "ENGINE_RESTARTING", String(error));
        assert.ok((error.retryAfterSeconds ?? 0) >= 1);
      }
      if (!killed) {
        killed = true;
        process.kill(devicePid!, "SIGKILL");
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  assert.notEqual(engine.devicePid, devicePid);
  await executable.close();
});

test("SIGTERM is for its parent to act on: the device process serves on", native, async () => {
  const executable = await engine.compile(small, initialWeights(small, 1));
  const { devicePid } = engine;
  process.kill(devicePid!, "SIGTERM");
  await executable.run(someNumbers(1, small.timesteps * small.features), 1);
  assert.equal(engine.devicePid, devicePid);
  await executable.close();
});

test("a network that is closed refuses to run, and closing waits for runs under way", native, async () => {
  const executable = await engine.compile(small, initialWeights(small, 1));
  const windows = someNumbers(1, small.timesteps * small.features);
  const running = executable.run(windows, 1);
  await executable.close();
  await running;
  await assert.rejects(executable.run(windows, 1), { code: "MODEL_NOT_READY" });
});

test("the engine leaves nothing behind", native, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "residua-test-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  t.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true });
  });
  const own = await createTensorflowEngine({ gpu: "never", maxBatchWindows: 1 });
  await own.compile(small, initialWeights(small, 1));
  const { devicePid } = own;
  assert.equal(readdirSync(folder).length, 1);
  await own.close();
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(existsSync(`/proc/${devicePid}`), false);
});

test("cuda without a GPU is one sentence that says what is missing", native, async () => {
  await assert.rejects(
    createTensorflowEngine({
      gpu: "required",
      maxBatchWindows: 1,
      environment: { ...process.env, CUDA_VISIBLE_DEVICES: "-1" },
    }),
    {
      name: "InputError",
      message:
        /^RESIDUA_ENGINE=cuda cannot be used: .*(npm run tensorflow -- cuda|docker run --gpus all|nvidia-smi)\.$/,
    },
  );
});
