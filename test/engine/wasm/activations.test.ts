/** Error bounds of the activations, over all of float32's range, for both builds of the kernels. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { loadKernels } from "../../../src/engine/wasm/kernels.js";
import { ACTIVATION_NUMBERS } from "../../../src/engine/wasm/plan/records.js";
import { CONTROL, HEAP } from "../../../src/engine/wasm/pool/layout.js";
import type { Activation } from "../../../src/network/network.js";

interface Exports {
  activateAll(activation: number, at: number, count: number): void;
  constantsEnd(): number;
}

const EXACT: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  hardSigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  hardSigmoidKeras3: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
};

/** The largest error, in units of 2^-24 (half of float32's last place at 1), and of what. */
const BOUNDS: Readonly<Record<Activation, (x: number, wanted: number) => number>> = {
  linear: () => 0,
  relu: () => 0,
  tanh: (_, wanted) => 4 * Math.abs(wanted),
  // The exponent's own rounding counts relative to the result: |x| units of it.
  sigmoid: (x, wanted) => (4 + Math.abs(x)) * wanted + 2 ** -75,
  hardSigmoid: () => 2,
  hardSigmoidKeras3: () => 2,
  elu: (x, wanted) => (x > 0 ? 0 : 4 * Math.abs(wanted)),
};

/** Dense where the functions bend, and every power of two to float32's ends. */
const POINTS = (() => {
  const points: number[] = [0, -0];
  for (let x = -20; x <= 20; x += 1 / 1024) points.push(x);
  for (let exponent = -126; exponent <= 127; exponent++) {
    for (const x of [1, 1.37, 1.9]) points.push(x * 2 ** exponent, -x * 2 ** exponent);
  }
  while (points.length % 4 !== 0) points.push(1);
  return Float32Array.from(points);
})();

/** The module is loaded first: on Node 20 that switches relaxed SIMD on. */
await loadKernels("inference");
for (const build of ["kernels", "kernels-relaxed"]) {
  const bytes = await readFile(
    new URL(`../../../src/engine/wasm/kernels/inference/${build}.wasm`, import.meta.url),
  );
  const skip = WebAssembly.validate(bytes) ? false : "this runtime has no relaxed SIMD";

  const start = async (): Promise<{ exports: Exports; floats: Float32Array }> => {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
    const { exports } = new WebAssembly.Instance(await WebAssembly.compile(bytes), {
      env: { memory },
      residua: { finished: () => undefined, wideVectors: 0 },
    });
    return {
      exports: exports as unknown as Exports,
      floats: new Float32Array(memory.buffer, HEAP, POINTS.length),
    };
  };

  test(`${build}: constants end before the control words`, { skip }, async () => {
    const { exports } = await start();
    assert.ok(exports.constantsEnd() <= CONTROL);
  });

  test(`${build}: a number of no activation ends in a trap`, { skip }, async () => {
    const { exports } = await start();
    for (const unknown of [Math.max(...Object.values(ACTIVATION_NUMBERS)) + 1, -1]) {
      assert.throws(() => exports.activateAll(unknown, HEAP, 4), {
        name: "RuntimeError",
        message: "unreachable",
      });
    }
  });

  for (const [name, exact] of Object.entries(EXACT) as [Activation, (x: number) => number][]) {
    test(`${build}: ${name} within its bound`, { skip }, async () => {
      const { exports, floats } = await start();
      floats.set(POINTS);
      exports.activateAll(ACTIVATION_NUMBERS[name], HEAP, POINTS.length);
      POINTS.forEach((x, n) => {
        const wanted = exact(x);
        const units = Math.abs(floats[n]! - wanted) * 2 ** 24;
        assert.ok(units <= BOUNDS[name](x, wanted), `${name}(${x}) is ${floats[n]}, not ${wanted}`);
      });
    });

    test(`${build}: ${name} of infinities and NaN`, { skip }, async () => {
      const { exports, floats } = await start();
      floats.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1]);
      exports.activateAll(ACTIVATION_NUMBERS[name], HEAP, 4);
      for (const [n, x] of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
        const wanted = exact(x);
        const isRight = Number.isFinite(wanted) ? Math.abs(floats[n]! - wanted) < 1e-7 : floats[n] === wanted;
        assert.ok(isRight, `${name}(${x}) is ${floats[n]}, not ${wanted}`);
      }
      assert.ok(Number.isNaN(floats[2]!));
    });
  }
}
