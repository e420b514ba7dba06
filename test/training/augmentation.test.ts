import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/network/random.js";
import {
  type Augmentation,
  type AugmentationOptions,
  createAugmentation,
} from "../../src/training/augmentation.js";
import type { WindowSource } from "../../src/training/window-reader.js";
import type { WindowSet } from "../../src/training/window-set.js";

const TIMESTEPS = 4;
const FEATURES = 2;
const SIZE = TIMESTEPS * FEATURES;
/** Of each series. */
const WINDOWS = 300;
const STEADY = 0;
/** Goes up by 0.01 a row in its first feature and down by 0.02 in its second. */
const DRIFTING = 1;
/** Levels average over 80 windows, so that places reach from 39.5 after the first window to as far before the last. */
const FARTHEST = (WINDOWS - 80) / 2;

const set: WindowSet = {
  count: 2 * WINDOWS,
  series: Int32Array.from({ length: 2 * WINDOWS }, (_, number) => Math.floor(number / WINDOWS)),
  start: Int32Array.from({ length: 2 * WINDOWS }, (_, number) => number % WINDOWS),
};
const source: WindowSource = {
  count: set.count,
  read: (numbers) =>
    Float32Array.from({ length: numbers.length * SIZE }, (_, at) => {
      const number = numbers[Math.floor(at / SIZE)]!;
      const row = set.start[number]! + Math.floor((at % SIZE) / FEATURES);
      if (set.series[number] === STEADY) return 1.5 + 0.5 * (row % 2);
      return at % FEATURES === 0 ? 0.01 * row : 1 - 0.02 * row;
    }),
};

function augmentationOf(options: Partial<AugmentationOptions>, clip: number | null = null): Augmentation {
  const all = { slowTrend: undefined, amplitude: undefined, ...options };
  return createAugmentation(set, source, { features: FEATURES, clip }, all)!;
}

/** What it makes of windows of the set, beside what they were. */
function augment(augmentation: Augmentation, numbers: readonly number[], seed: number) {
  const before = source.read(numbers);
  const after = before.slice();
  const weights = augmentation.augment(after, numbers, new Random(seed));
  return { before, after, weights };
}

const numbersOf = fc.array(fc.integer({ min: 0, max: set.count - 1 }), { minLength: 1, maxLength: 40 });
const seeds = fc.integer({ min: 0, max: 0xffff_ffff });
const trends = fc.double({ min: 0.1, max: 10, noNaN: true });
const amplitudes = fc.double({ min: 1.01, max: 10, noNaN: true });

function assertNear(given: number, want: number): void {
  assert.ok(Math.abs(given - want) <= 1e-5 * Math.max(1, Math.abs(want)), `${given}, not ${want}`);
}

test("without an option there is none", () => {
  const none = { slowTrend: undefined, amplitude: undefined };
  assert.equal(createAugmentation(set, source, { features: FEATURES, clip: 20 }, none), undefined);
});

test("amplitude multiplies a window by a factor from 1 on, and its weight is one over it", () => {
  fc.assert(
    fc.property(numbersOf, seeds, amplitudes, (numbers, seed, amplitude) => {
      const { before, after, weights } = augment(augmentationOf({ amplitude }), numbers, seed);
      assert.equal(weights!.length, numbers.length);
      for (const weight of weights!) assert.ok(weight <= 1 && weight >= 0.999999 / amplitude, `${weight}`);
      after.forEach((value, at) => {
        assertNear(value * weights![Math.floor(at / SIZE)]!, before[at]!);
      });
    }),
  );
});

test("the factor's logarithm is uniform", () => {
  const numbers = Array.from({ length: 4000 }, (_, n) => n % set.count);
  const { weights } = augment(augmentationOf({ amplitude: 8 }), numbers, 3);
  for (const quarter of [1, 2, 3]) {
    const below = weights!.filter((weight) => 1 / weight < 8 ** (quarter / 4)).length / numbers.length;
    assert.ok(Math.abs(below - quarter / 4) < 0.03, `${below} below quarter ${quarter}`);
  }
});

test("slow trend adds to each row of a window one share of how its own series drifts", () => {
  const augmented = fc.property(numbersOf, seeds, trends, (numbers, seed, slowTrend) => {
    const { before, after, weights } = augment(augmentationOf({ slowTrend }), numbers, seed);
    assert.equal(weights, undefined);
    numbers.forEach((number, i) => {
      const first = after[i * SIZE]! - before[i * SIZE]!;
      const most = set.series[number] === STEADY ? 0 : slowTrend * 0.01 * FARTHEST;
      assert.ok(Math.abs(first) <= most + 1e-5, `${first} is more than ${most}`);
      for (let at = 0; at < SIZE; at++) {
        const want = at % FEATURES === 0 ? first : -2 * first;
        assertNear(after[i * SIZE + at]! - before[i * SIZE + at]!, want);
      }
    });
  });
  fc.assert(augmented);
  const drifting = Array.from({ length: 2000 }, (_, n) => DRIFTING * WINDOWS + (n % WINDOWS));
  const { before, after } = augment(augmentationOf({ slowTrend: 3 }), drifting, 5);
  const shifts = drifting.map((_, i) => after[i * SIZE]! - before[i * SIZE]!);
  const [least, most] = [Math.min(...shifts), Math.max(...shifts)];
  assert.ok(least < -0.9 * 0.03 * FARTHEST && most > 0.9 * 0.03 * FARTHEST, `${least} to ${most}`);
  assert.ok(Math.abs(shifts.reduce((sum, shift) => sum + shift, 0)) / shifts.length < 0.1);
});

test("a slow trend goes either way, wherever the series itself has gone", () => {
  const numbers = Array.from({ length: 4000 }, (_, n) => n % WINDOWS);
  // Near 0 nearly all the time: no level is far below the mean.
  const rising: WindowSource = {
    count: WINDOWS,
    read: (some) =>
      Float32Array.from({ length: some.length * SIZE }, (_, at) =>
        some[Math.floor(at / SIZE)]! < 260 ? 0 : 1,
      ),
  };
  const one = { ...set, count: WINDOWS };
  const options = { slowTrend: 1, amplitude: undefined };
  const augmentation = createAugmentation(one, rising, { features: FEATURES, clip: null }, options)!;
  const shifts = new Float32Array(numbers.length * SIZE);
  augmentation.augment(shifts, numbers, new Random(2));
  const [least, most] = [Math.min(...shifts), Math.max(...shifts)];
  assert.ok(most > 0.2 && least < -0.6 * most, `${least} to ${most}`);
});

test("both together stay within their bounds and the clip, and the same seed gives the same", () => {
  const clips = fc.option(fc.double({ min: 0.5, max: 5, noNaN: true }), { nil: null });
  fc.assert(
    fc.property(numbersOf, seeds, trends, amplitudes, clips, (numbers, seed, slowTrend, amplitude, clip) => {
      const augmentation = augmentationOf({ slowTrend, amplitude }, clip);
      const { before, after, weights } = augment(augmentation, numbers, seed);
      const farthest = slowTrend * 0.02 * FARTHEST;
      after.forEach((value, at) => {
        const most = Math.min(amplitude * Math.abs(before[at]!) + farthest, clip ?? Number.POSITIVE_INFINITY);
        assert.ok(Math.abs(value) <= most * 1.00001 + 1e-5, `${value} is more than ${most}`);
      });
      const again = augment(augmentationOf({ slowTrend, amplitude }, clip), numbers, seed);
      assert.deepEqual(again, { before, after, weights });
      const other = augment(augmentation, numbers, seed ^ 1);
      assert.notDeepEqual(other.weights, weights);
    }),
  );
});
