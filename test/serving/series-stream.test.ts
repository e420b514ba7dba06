import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FLOAT32_MAX } from "../../src/scoring/residuals.js";
import { WindowScaler } from "../../src/scoring/scaler.js";
import { scaleRows, unscaleRows } from "../../src/serving/stream-rows.js";

const magnitude = fc.integer({ min: -12, max: 12 }).map((exponent) => 10 ** exponent);

test("rows that a continuation kept enter the network as the rows that were sent", () => {
  fc.assert(
    fc.property(
      fc.record({
        offset: fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), magnitude).map(([x, size]) => x * size),
        scale: fc.tuple(fc.double({ min: 0.1, max: 1, noNaN: true }), magnitude).map(([x, size]) => x * size),
        clip: fc.constantFrom(20, 0.3, FLOAT32_MAX),
        // Readings as they come: about as far from the offset as training had them, or anywhere.
        near: fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 4, maxLength: 4 }),
        far: fc.array(fc.double({ noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }),
      }),
      ({ offset, scale, clip, near, far }) => {
        const scaler = { kind: "standard", offset: [offset], scale: [scale] } as const;
        const readings = Float64Array.from([...near.map((x) => offset + x * scale), ...far]);
        const window = new WindowScaler(scaler, readings.length, clip);
        const network = (values: Float64Array): Float32Array => {
          const scaled = new Float32Array(values.length);
          window.scale(values, 0, scaled, 0);
          return scaled;
        };
        const kept = new Float64Array(readings.length);
        unscaleRows(scaleRows(readings, 0, scaler), scaler, kept);
        const [was, is] = [network(readings), network(kept)];
        // 0 and -0 are the same to a network.
        for (let i = 0; i < was.length; i++)
          assert.ok(was[i] === is[i] || (Number.isNaN(was[i]) && Number.isNaN(is[i])));
      },
    ),
    { numRuns: 3000 },
  );
});
