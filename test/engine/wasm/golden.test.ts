/** Keras's numbers: |a - b| <= 1e-5 max(1, |b|) in scaled units, for every golden network. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createWasmEngine } from "../../../src/engine/wasm/engine.js";
import { GOLDEN_CASES, readGoldenCase } from "../golden.js";

const engine = await createWasmEngine({ threads: 2 });
after(() => engine.close());

for (const name of GOLDEN_CASES) {
  test(`${name} answers as Keras does`, async () => {
    const { network, weights, windows, count, outputs } = readGoldenCase(name);
    const executable = await engine.compile(network, weights);
    const answer = await executable.run(windows, count);
    outputs.forEach((expected, head) => {
      const got = answer.heads[head]!;
      assert.equal(got.length, expected.length);
      expected.forEach((value, n) => {
        const error = Math.abs(got[n]! - value) / Math.max(1, Math.abs(value));
        assert.ok(error <= 1e-5, `head ${head}, number ${n}: ${got[n]} instead of ${value}`);
      });
    });
    await executable.close();
  });
}
