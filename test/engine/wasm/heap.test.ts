import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SharedHeap } from "../../../src/engine/wasm/inference/heap.js";
import { HEAP } from "../../../src/engine/wasm/pool/layout.js";

test("allocations do not overlap, and what is released can all be had again", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 300_000 })), { maxLength: 60 }),
      (steps) => {
        const heap = new SharedHeap();
        const held: { at: number; bytes: number }[] = [];
        for (const [release, size] of steps) {
          if (release && held.length > 0) {
            heap.release(held.splice(size % held.length, 1)[0]!.at);
            continue;
          }
          const at = heap.allocate(size);
          assert.equal(at % 64, 0);
          assert.ok(at >= HEAP && at + size <= heap.sizeBytes);
          for (const other of held) {
            assert.ok(at + size <= other.at || other.at + other.bytes <= at);
          }
          held.push({ at, bytes: Math.max(1, size) });
        }
        for (const { at } of held) heap.release(at);
        assert.equal(heap.heldBytes, 0);
        // Nothing was left in pieces: all of it is one span, from the start on.
        assert.equal(heap.allocate(heap.sizeBytes - HEAP - 64), HEAP);
      },
    ),
    { numRuns: 60 },
  );
});

test("the same steps give the same addresses, however often they are repeated", () => {
  const heap = new SharedHeap();
  const round = (): number[] => {
    const held = [70_000, 100, 3_000_000, 64].map((bytes) => heap.allocate(bytes));
    for (const at of [...held].reverse()) heap.release(at);
    return held;
  };
  const first = round();
  const size = heap.sizeBytes;
  for (let n = 0; n < 1_000; n++) assert.deepEqual(round(), first);
  assert.equal(heap.sizeBytes, size);
});

test("memory that cannot be had is refused, and the rest stays usable", () => {
  const heap = new SharedHeap();
  const at = heap.allocate(100);
  assert.throws(() => heap.allocate(2 ** 32), /do not fit in 4 GiB/);
  assert.notEqual(heap.allocate(100), at);
  assert.throws(() => heap.release(12), /Nothing is allocated/);
});
