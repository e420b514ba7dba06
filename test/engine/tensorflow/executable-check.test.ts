/** What is compared before it is used; the executables here are those of the wasm engine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Executable } from "../../../src/engine/engine.js";
import { checked } from "../../../src/engine/tensorflow/executable-check.js";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { ResiduaError } from "../../../src/errors.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { initialWeights } from "../../../src/network/weights.js";
import { TINY_ARCHITECTURE } from "../../tiny-architecture.js";

const network = buildNetwork(TINY_ARCHITECTURE);

async function isClosed(executable: Executable): Promise<boolean> {
  return executable.run(new Float32Array(8), 1).then(
    () => false,
    (error: unknown) => error instanceof ResiduaError && error.code === "MODEL_NOT_READY",
  );
}

test("one with the numbers of the reference is used, and the reference is closed", async (t) => {
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const [one, reference] = [
    await engine.compile(network, initialWeights(network, 1)),
    await engine.compile(network, initialWeights(network, 1)),
  ];
  assert.equal(await checked(one, async () => reference, "the reference"), one);
  assert.deepEqual([await isClosed(one), await isClosed(reference)], [false, true]);
});

test("one with other numbers is closed and refused, as is one whose reference fails", async (t) => {
  const engine = await createWasmEngine({ threads: 1 });
  t.after(() => engine.close());
  const [one, other, third] = [
    await engine.compile(network, initialWeights(network, 1)),
    await engine.compile(network, initialWeights(network, 2)),
    await engine.compile(network, initialWeights(network, 3)),
  ];
  await assert.rejects(
    checked(one, async () => other, "the reference"),
    (error: ResiduaError) =>
      error.code === "INFERENCE_FAILED" &&
      /numbers differ by \d.* from those of the reference/.test(error.message),
  );
  assert.deepEqual([await isClosed(one), await isClosed(other)], [true, true]);
  await assert.rejects(
    checked(
      third,
      async () => {
        throw new Error("no reference");
      },
      "the reference",
    ),
    /no reference/,
  );
  assert.equal(await isClosed(third), true);
});
