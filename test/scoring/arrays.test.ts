/** Arrays that share memory, one request's at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arena, ArenaPool } from "../../src/scoring/arrays.js";

const KINDS = ["float64", "float32", "uint8", "int8"] as const;
const wishes = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat(3000)), { maxLength: 30 });

test("no array overlaps another of the same request, whatever was asked for before", () => {
  fc.assert(
    fc.property(fc.array(wishes, { minLength: 1, maxLength: 4 }), (requests) => {
      const arena = new Arena();
      for (const asked of requests) {
        const arrays = asked.map(([kind, length]) => arena[kind](length));
        arrays.forEach((array, n) => {
          assert.equal(array.length, asked[n]![1]);
          array.fill(n);
        });
        arrays.forEach((array, n) => {
          assert.ok(array.every((value) => value === n));
        });
        arena.clear();
      }
    }),
  );
});

test("an arena grows to what a request needs, but not for a very large one", () => {
  const arena = new Arena();
  assert.notEqual(arena.float64(1000).buffer, arena.float64(1000).buffer);
  arena.clear();
  assert.equal(arena.float64(1000).buffer, arena.float64(1000).buffer);
  arena.float64(1_000_000);
  arena.clear();
  assert.equal(arena.float64(1_000_000).byteOffset, 0);
  assert.ok(arena.uint8(1).buffer.byteLength < 1_000_000);
});

test("a pool holds on to no more than 16 MiB", () => {
  const pool = new ArenaPool();
  const arenas = Array.from({ length: 20 }, () => pool.take());
  for (const arena of arenas) {
    arena.uint8(1_000_000);
    assert.deepEqual([...pool.givingBack(arena, ["part"])], ["part"]);
  }
  const kept = arenas.map(() => pool.take()).filter((arena) => arenas.includes(arena));
  assert.equal(kept.length, 16);
});

test("an arena is free once the last part made from it was taken, and not before", () => {
  const pool = new ArenaPool();
  const arena = pool.take();
  const parts = pool.givingBack(arena, ["a", "b"]);
  assert.equal(parts.next().value, "a");
  assert.equal(parts.next().value, "b");
  assert.notEqual(pool.take(), arena);
  assert.equal(parts.next().done, true);
  assert.equal(pool.take(), arena);

  const given = pool.givingBack(pool.take(), ["a", "b"]);
  given.next();
  given.return();
  assert.equal(given.next().done, true);
});
