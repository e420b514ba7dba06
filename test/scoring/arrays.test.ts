/** Arrays that share memory, one request's at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Slab, SlabPool } from "../../src/scoring/arrays.js";

const KINDS = ["float64", "float32", "uint8", "int8"] as const;
const wishes = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat(3000)), { maxLength: 30 });

test("no array overlaps another of the same request, whatever was asked for before", () => {
  fc.assert(
    fc.property(fc.array(wishes, { minLength: 1, maxLength: 4 }), (requests) => {
      const slab = new Slab();
      for (const asked of requests) {
        const arrays = asked.map(([kind, length]) => slab[kind](length));
        arrays.forEach((array, n) => {
          assert.equal(array.length, asked[n]![1]);
          array.fill(n);
        });
        arrays.forEach((array, n) => {
          assert.ok(array.every((value) => value === n));
        });
        slab.clear();
      }
    }),
  );
});

test("a slab grows to what a request needs, but not for a very large one", () => {
  const slab = new Slab();
  assert.notEqual(slab.float64(1000).buffer, slab.float64(1000).buffer);
  slab.clear();
  assert.equal(slab.float64(1000).buffer, slab.float64(1000).buffer);
  slab.float64(1_000_000);
  slab.clear();
  assert.equal(slab.float64(1_000_000).byteOffset, 0);
  assert.ok(slab.uint8(1).buffer.byteLength < 1_000_000);
});

test("a pool holds on to no more than 16 MiB", () => {
  const pool = new SlabPool();
  const slabs = Array.from({ length: 20 }, () => pool.take());
  for (const slab of slabs) {
    slab.uint8(1_000_000);
    assert.deepEqual([...pool.givingBack(slab, ["part"])], ["part"]);
  }
  const kept = slabs.map(() => pool.take()).filter((slab) => slabs.includes(slab));
  assert.equal(kept.length, 16);
});

test("a slab is free once the last part made from it was taken, and not before", () => {
  const pool = new SlabPool();
  const slab = pool.take();
  const parts = pool.givingBack(slab, ["a", "b"]);
  assert.equal(parts.next().value, "a");
  assert.equal(parts.next().value, "b");
  assert.notEqual(pool.take(), slab);
  assert.equal(parts.next().done, true);
  assert.equal(pool.take(), slab);

  const given = pool.givingBack(pool.take(), ["a", "b"]);
  given.next();
  given.return();
  assert.equal(given.next().done, true);
});
