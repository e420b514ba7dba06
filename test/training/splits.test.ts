import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type StartSpan, splitStarts } from "../../src/training/splits.js";

/** Increasing window starts of a series in which gaps and left-out windows are drawn by chance. */
const seriesStarts = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  .map((runs) => {
    const starts: number[] = [];
    let row = 0;
    for (const [length, gap] of runs) {
      for (let i = 0; i < length; i++) starts.push(row++);
      row += gap;
    }
    return Int32Array.from(starts);
  });

const shares = fc.record({
  validation: fc.constantFrom(0, 0.1, 0.3),
  calibration: fc.constantFrom(0, 0.2, 0.45),
});

test("no row is in two parts, and T-1 rows lie between them, in order of time", () => {
  fc.assert(
    fc.property(
      fc.array(seriesStarts, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 20 }),
      shares,
      (starts, timesteps, parts) => {
        const spans = splitStarts(starts, timesteps, parts);
        assert.equal(spans.length, starts.length);
        spans.forEach((span, index) => {
          let end: number | undefined;
          for (const part of [span.fit, span.validation, span.calibration]) {
            if (part === undefined) continue;
            assert.ok(part[0] <= part[1]);
            assert.ok(starts[index]!.includes(part[0]) && starts[index]!.includes(part[1]));
            if (end !== undefined) assert.ok(part[0] - end >= timesteps - 1, `${end} to ${part[0]}`);
            end = part[1] + timesteps;
          }
          if (parts.validation === 0) assert.equal(span.validation, undefined);
          if (parts.calibration === 0) assert.equal(span.calibration, undefined);
        });
        if (starts.some(({ length }) => length > 0)) assert.ok(spans.some(({ fit }) => fit !== undefined));
      },
    ),
  );
});

const size = (span: StartSpan) => (span === undefined ? 0 : span[1] - span[0] + 1);

test("a long series is cut by the shares that are asked for", () => {
  const starts = Int32Array.from({ length: 10_062 }, (_, row) => row);
  const [span] = splitStarts([starts], 32, { validation: 0.1, calibration: 0.2 });
  assert.deepEqual([size(span!.fit), size(span!.validation), size(span!.calibration)], [6956, 994, 1988]);
});

test("a short series gives up validation, then calibration", () => {
  const starts = (length: number) => [Int32Array.from({ length }, (_, row) => row)];
  const [both] = splitStarts(starts(60), 32, { validation: 0.1, calibration: 0.2 });
  assert.deepEqual([size(both!.fit), size(both!.validation), size(both!.calibration)], [60, 0, 0]);
  const [calibrated] = splitStarts(starts(72), 32, { validation: 0.1, calibration: 0.2 });
  assert.deepEqual(
    [size(calibrated!.fit), size(calibrated!.validation), size(calibrated!.calibration)],
    [8, 0, 2],
  );
});

test("many series of one window each are shared out whole, the earlier ones to fit", () => {
  const spans = splitStarts(
    Array.from({ length: 100 }, () => Int32Array.of(0)),
    140,
    { validation: 0.1, calibration: 0.2 },
  );
  const part = spans.map(({ fit, validation }) => (fit ? "f" : validation ? "v" : "c")).join("");
  assert.equal(part, "f".repeat(70) + "v".repeat(10) + "c".repeat(20));
});
