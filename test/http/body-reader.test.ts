import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BodyReader } from "../../src/http/body-reader.js";
import { RawBody } from "../../src/http/raw-body.js";

const LIMITS = {
  model: "small 1",
  timesteps: 2,
  features: 1,
  featureNames: [{ name: "level" }],
  maxWindows: 8192,
};

/**
 * Bytes in pieces cut at random. Every other piece has a buffer of its own, which the reader may give away;
 * the others lie in one buffer that is larger than all of them, as small chunks of a socket do.
 */
function cut(bytes: Uint8Array, places: readonly number[]): { body: RawBody; shared: Uint8Array } {
  const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
  const shared = new Uint8Array(bytes.length + 1);
  shared.set(bytes);
  let from = 0;
  const pieces = ends.map((end, i) => {
    const piece = shared.subarray(from, end);
    from = end;
    return i % 2 === 0 ? piece.slice() : piece;
  });
  return { body: new RawBody(pieces), shared };
}

test("a body is read alike in whatever pieces it came, on this thread and on the other", async (t) => {
  const reader = new BodyReader();
  // The reader's thread alone keeps no process alive.
  const timer = setInterval(() => undefined, 60_000);
  t.after(() => {
    clearInterval(timer);
    return reader.close();
  });
  for (const rows of [3, 120_000]) {
    const series = Array.from({ length: rows }, (_, row) => [row % 7 === 3 ? null : row / 4]);
    const timestamps = series.map((_, row) => 1.7e12 + row * 1000 + (row > rows / 2 ? 60_000 : 0));
    const bytes = new TextEncoder().encode(JSON.stringify({ series, stride: 2, timestamps, maxGapMs: 5000 }));
    assert.equal(bytes.length > 512 * 1024, rows > 1000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (places) => {
        const pieces = cut(bytes, places);
        const body = await reader.readScore(pieces.body, LIMITS);
        assert.equal(pieces.shared.length, bytes.length + 1, "memory that others share was given away");
        assert.equal(body.kind, "series");
        assert.equal(body.rows, rows);
        assert.equal(body.values[2], 0.5);
        assert.equal(body.values.length, rows);
        assert.equal(Number.isNaN(body.values[3]), rows > 3);
        const expected = [];
        const second = Math.floor(rows / 2) + 1;
        for (let start = 0; start + 2 <= second; start += 2) expected.push(start);
        for (let start = second; start + 2 <= rows; start += 2) expected.push(start);
        assert.deepEqual([...body.starts], expected);
      }),
      // Cuts at 0 too: the piece behind an empty one is the whole body.
      { numRuns: 8, examples: [[[0]], [[0, 0]], [[]]] },
    );
  }
});
