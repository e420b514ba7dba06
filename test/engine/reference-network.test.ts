import assert from "node:assert/strict";
import { test } from "node:test";
import { validateNetwork } from "../../src/network/network.js";
import { GOLDEN_CASES, readGoldenCase } from "./golden.js";
import { referenceLoss, runReference } from "./reference-network.js";

for (const name of GOLDEN_CASES) {
  test(`the reference network gives Keras's outputs and loss: ${name}`, () => {
    const golden = readGoldenCase(name);
    validateNetwork(golden.network);
    const { count, network, weights, windows } = golden;
    const size = network.timesteps * network.features;
    for (let window = 0; window < count; window++) {
      const { heads } = runReference(network, weights, windows.subarray(window * size, (window + 1) * size));
      heads.forEach((output, h) => {
        output.forEach((value, n) => {
          const want = golden.outputs[h]![window * output.length + n]!;
          assert.ok(
            Math.abs(value - want) <= 2e-6 * Math.max(1, Math.abs(want)),
            `window ${window}, head ${h}, element ${n}: ${value}, not ${want}`,
          );
        });
      });
    }
    const loss = referenceLoss(network, weights, windows, windows, count, "mse");
    assert.ok(Math.abs(loss - golden.loss) <= 1e-5 * golden.loss + 1e-8, `${loss}, not ${golden.loss}`);
  });
}
