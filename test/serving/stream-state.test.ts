import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResiduaError } from "../../src/errors.js";
import { decodeStream } from "../../src/serving/stream-decoding.js";
import {
  checkStreamSize,
  encodeStream,
  finalRows,
  MOST_CHARACTERS,
  rowsKept,
  type StreamFrame,
  type StreamState,
} from "../../src/serving/stream-state.js";

function frameOf(timesteps: number, features: number, n = 1): StreamFrame {
  const rule = { threshold: 1, k: 1, n, endValue: 0.5 };
  const model = { name: "pump", version: "3", sha256: "ab".repeat(32), timesteps, features };
  return { ...model, rule, blockRows: timesteps, judge: "squared" };
}

/** As large as the state of a stream of a million blocks with a long event can be. */
function largeState(frame: StreamFrame): StreamState {
  const { timesteps, features } = frame;
  const kept = rowsKept(frame);
  const entries: { row: number; blocks: number; sum: number; small: number }[] = [];
  let end = 0;
  for (let blocks = 2 ** 15; blocks >= 1; blocks /= 2) {
    for (let i = 0; i < 16; i++) {
      entries.push({ row: end, blocks, sum: blocks / 3, small: 1 });
      end += blocks * timesteps;
    }
  }
  const final = end + timesteps;
  const n = frame.rule!.n;
  return {
    ...{ count: final + timesteps - 1, stride: 1, maxGapMs: 1 / 3, lastMs: 1.7e12 / 3, runStart: 5 },
    breaks: Uint8Array.from({ length: kept }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    scaled: Float32Array.from({ length: kept * features }, (_, i) => (i % 7 === 0 ? Number.NaN : i / 3)),
    events: {
      alarm: {
        row: final,
        recent: Array.from({ length: n }, (_, i) => 2 + i / 3),
        open: { start: final - n - 9, end: final - 1, peak: final - 1, score: 10 / 3 },
      },
      closed: 123_456,
      open: {
        ...{ cut: final - n, first: final - n - 8, last: final - n - 2, peak: final - n - 3, score: 10 / 3 },
        sums: Float64Array.from({ length: features }, (_, i) => i / 3),
        whole: Float64Array.from({ length: features }, (_, i) => i / 7),
      },
      previousStart: final - 3 * timesteps,
    },
    drift: { row: final, entries, open: { row: end, count: 0, sum: 0, small: 0 } },
  };
}

test("a state comes back as it was, in at most 128 KiB for 8,000 readings in a window", () => {
  for (const [timesteps, features, n] of [
    ...([
      [8000, 1, 8],
      [1000, 8, 8],
      [100, 80, 8],
      [16, 500, 8],
      [10, 800, 5],
      [4, 2000, 1],
    ] as const),
  ]) {
    const frame = frameOf(timesteps, features, n);
    checkStreamSize(frame);
    const state = largeState(frame);
    const text = encodeStream(state, frame);
    assert.ok(text.length <= MOST_CHARACTERS, `${timesteps} x ${features}: ${text.length}`);
    assert.deepEqual(decodeStream(text, frame), state);
    assert.equal(finalRows(state.count, timesteps), state.events!.alarm.row);
  }
});

test("the times of the rows kept come back, of any steps; at one step they take no room", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      fc.array(fc.constantFrom(0, 1, 60, 60, 60, 3600, 2 ** 33), { minLength: 14, maxLength: 14 }),
      (first, steps) => {
        const frame = { ...frameOf(8, 2), timed: true };
        const seconds = new Float64Array(rowsKept(frame));
        seconds.forEach((_, row) => {
          seconds[row] = row === 0 ? first : seconds[row - 1]! + steps[row % 14]!;
        });
        const state = { ...largeState(frame), seconds };
        assert.deepEqual(decodeStream(encodeStream(state, frame), frame), state);
      },
    ),
  );
  const frame = { ...frameOf(8000, 1, 8), timed: true };
  const seconds = Float64Array.from({ length: rowsKept(frame) }, (_, row) => 1.7e9 + 300 * row);
  assert.ok(encodeStream({ ...largeState(frame), seconds }, frame).length <= MOST_CHARACTERS);
  // Without the times that the model needs, or with times that it knows nothing of.
  const plain = frameOf(8, 2);
  const timed = { ...plain, timed: true };
  assert.throws(() => decodeStream(encodeStream(largeState(plain), plain), timed), /is damaged/);
});

test("a model that is too large for a continuation is refused before anything is scored", () => {
  assert.throws(
    () => checkStreamSize(frameOf(1000, 40)),
    (error) =>
      error instanceof ResiduaError &&
      error.code === "UNSUPPORTED_BY_MODEL" &&
      error.violations[0]!.path === "/continuation",
  );
});

test("the text of another version, judge or shape is refused, and says which", () => {
  const frame = frameOf(8, 2);
  const text = encodeStream(largeState(frame), frame);
  for (const [other, detail] of [
    [{ sha256: "cd".repeat(32) }, /another version than pump 3/],
    [{ judge: "absolute" }, /another scorer or threshold/],
    [{ features: 3 }, /damaged/],
    [{ timesteps: 9 }, /damaged/],
  ] as const) {
    assert.throws(
      () => decodeStream(text, { ...frame, ...other }),
      (error) =>
        error instanceof ResiduaError && error.code === "CONTINUATION_INVALID" && detail.test(error.message),
    );
  }
});

test("a text with one bit changed is refused", () => {
  const frame = frameOf(8, 2);
  const bytes = Buffer.from(encodeStream(largeState(frame), frame), "base64url");
  fc.assert(
    fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(
        () => decodeStream(changed.toString("base64url"), frame),
        (error) => error instanceof ResiduaError && error.code === "CONTINUATION_INVALID",
      );
    }),
  );
});
