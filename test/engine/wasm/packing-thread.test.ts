import assert from "node:assert/strict";
import { test } from "node:test";
import { place } from "../../../src/engine/wasm/inference/packing-thread.js";
import { placeForInference } from "../../../src/engine/wasm/inference/placement.js";
import { buildNetwork } from "../../../src/network/architectures.js";
import { weightShapes } from "../../../src/network/network.js";
import { watchLoop } from "../../walls/loop-watch.js";

test("a large network is placed on a thread as it would be here, and its storages are still shared", async () => {
  const network = buildNetwork({
    family: "reconstruction",
    timesteps: 2,
    features: 2,
    units: [1400],
    activation: "tanh",
  });
  const weights = new Map(
    [...weightShapes(network)].map(([name, shape]) => {
      const data = new Float32Array(
        new SharedArrayBuffer(4 * shape.reduce((product, size) => product * size, 1)),
      );
      return [name, { shape, data: data.fill(0.5) }];
    }),
  );
  const loop = watchLoop();
  const placement = await place(network, weights);
  const { longestMs } = loop.end();
  assert.ok(longestMs <= 50, `a turn took ${longestMs} ms`);
  const { operations, constants, scratch } = placeForInference(network, weights);
  assert.deepEqual(placement.operations, operations);
  assert.deepEqual(placement.scratch, scratch);
  for (const [at, { storage, data }] of placement.constants.entries()) {
    assert.ok(Buffer.from(data.buffer).equals(Buffer.from(constants[at]!.data.buffer)));
    const users = placement.operations.flatMap(({ values, storages }) => [
      ...Object.values(storages),
      ...Object.values(values).map((value) => value.storage),
    ]);
    assert.ok(users.includes(storage));
  }
});
