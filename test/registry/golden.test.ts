import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Executable } from "../../src/engine/engine.js";
import { buildNetwork } from "../../src/network/architectures.js";
import { initialWeights } from "../../src/network/weights.js";
import {
  decodeGolden,
  encodeGolden,
  type Golden,
  recordGolden,
  replayGolden,
} from "../../src/registry/golden.js";
import { ReferenceEngine } from "./reference-engine.js";

const network = buildNetwork({
  family: "composite",
  timesteps: 3,
  features: 2,
  units: [2],
  activation: "tanh",
});
const executable = await new ReferenceEngine().compile(network, initialWeights(network, 1));
const golden = await recordGolden(
  executable,
  Float32Array.from({ length: 12 }, (_, i) => i / 10),
  2,
);

/** Answers always the same. */
function answering({ outputs }: Golden): Executable {
  return { network, run: async () => outputs, close: async () => undefined };
}

function withEmbedding(change: (value: number) => number): Golden {
  const embedding = golden.outputs.embedding.slice();
  embedding[1] = change(embedding[1]!);
  return { ...golden, outputs: { ...golden.outputs, embedding } };
}

test("any float32 numbers are the same bits after writing and reading", () => {
  const numbers = (length: number) =>
    fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(numbers(12), numbers(12), numbers(8), numbers(4), (windows, one, two, embedding) => {
      const some: Golden = { count: 2, windows, outputs: { heads: [one, two], embedding } };
      const back = decodeGolden(JSON.parse(encodeGolden(network, some)), network);
      // -0 is written as 0.
      assert.deepEqual(
        [back.windows, ...back.outputs.heads, back.outputs.embedding].map((part) => part.map((x) => x + 0)),
        [windows, one, two, embedding].map((part) => part.map((x) => x + 0)),
      );
    }),
  );
});

test("replays on the engine that recorded it, and within the tolerance", async () => {
  await replayGolden(executable, golden);
  await replayGolden(answering(withEmbedding((value) => value + 0.9e-4)), golden);
});

test("does not replay beyond the tolerance, nor with a NaN", async () => {
  await assert.rejects(
    replayGolden(answering(withEmbedding((value) => value + 1.2e-4)), golden),
    /golden\.json does not replay: the embedding is .* at position 1, not /,
  );
  await assert.rejects(replayGolden(answering(withEmbedding(() => Number.NaN)), golden), /embedding is NaN/);
});

test("the tolerance grows with the number", async () => {
  const large = withEmbedding(() => 5e6);
  await replayGolden(answering(withEmbedding(() => 5e6 + 400)), large);
  await assert.rejects(replayGolden(answering(withEmbedding(() => 5e6 + 600)), large), /does not replay/);
});

test("an output that is not finite is not recorded", async () => {
  await assert.rejects(
    recordGolden(answering(withEmbedding(() => Number.POSITIVE_INFINITY)), golden.windows, 2),
    /gives Infinity in the embedding of a golden window/,
  );
});
