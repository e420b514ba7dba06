import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/network/random.js";

const MASK = 0xffff_ffffn;
const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & MASK;

/** The published C code in whole numbers of any size. */
function* xoshiro(seed: number): Generator<number> {
  let state = BigInt(seed);
  const s = Array.from({ length: 4 }, () => {
    state = (state + 0x9e3779b9n) & MASK;
    let mixed = ((state ^ (state >> 16n)) * 0x21f0aaadn) & MASK;
    mixed = ((mixed ^ (mixed >> 15n)) * 0x735a2d97n) & MASK;
    return mixed ^ (mixed >> 15n);
  });
  for (;;) {
    yield Number((rotate((s[1]! * 5n) & MASK, 7n) * 9n) & MASK);
    const shifted = (s[1]! << 9n) & MASK;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotate(s[3]!, 11n);
  }
}

test("is xoshiro128** seeded by splitmix32", () => {
  for (const seed of [0, 1, 123_456_789, 0xffff_ffff]) {
    const random = new Random(seed);
    const expected = xoshiro(seed);
    for (let i = 0; i < 200; i++) assert.equal(random.uint32(), expected.next().value);
  }
});

test("normal numbers have mean 0, variance 1 and few beyond 3", () => {
  const random = new Random(5);
  const draws = Array.from({ length: 20_000 }, () => random.normal());
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  const beyond = draws.filter((value) => Math.abs(value) > 3).length / draws.length;
  assert.ok(Math.abs(mean) < 0.03, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.05, `variance ${variance}`);
  assert.ok(beyond > 0.001 && beyond < 0.005, `beyond 3: ${beyond}`);
});

test("whole numbers below a bound are spread evenly", () => {
  const random = new Random(9);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++;
  assert.ok(
    counts.every((count) => Math.abs(count - 10_000) < 500),
    counts.join(),
  );
  assert.equal(random.below(1), 0);
});
