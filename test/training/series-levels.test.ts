import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../src/network/random.js";
import { SeriesLevels } from "../../src/training/series-levels.js";
import type { WindowSource } from "../../src/training/window-reader.js";
import type { WindowSet } from "../../src/training/window-set.js";

const TIMESTEPS = 3;
const FEATURES = 2;

/** Windows of a set with seeded readings: the set's `number`-th is always the same. */
function sourceOf(set: WindowSet): WindowSource {
  const size = TIMESTEPS * FEATURES;
  const readings = new Float32Array(set.count * size);
  const random = new Random(7);
  for (let i = 0; i < readings.length; i++) readings[i] = 4 * random.normal();
  return {
    count: set.count,
    read: (numbers) => {
      const windows = new Float32Array(numbers.length * size);
      for (let i = 0; i < numbers.length; i++) {
        windows.set(readings.subarray(numbers[i]! * size, (numbers[i]! + 1) * size), i * size);
      }
      return windows;
    },
  };
}

function setOf(stepsBySeries: readonly (readonly number[])[]): WindowSet {
  const series: number[] = [];
  const start: number[] = [];
  stepsBySeries.forEach((steps, index) => {
    let row = 0;
    for (const step of steps) {
      series.push(index);
      start.push(row);
      row += step;
    }
  });
  return { count: start.length, series: Int32Array.from(series), start: Int32Array.from(start) };
}

/** By the definition: means over the windows that begin within 80 rows of each one, up to the last whole stretch. */
function levelsOf(set: WindowSet, source: WindowSource, series: number): number[][] {
  const all = [...set.series.keys()].filter((number) => set.series[number] === series);
  const meanOf = (numbers: number[]) =>
    Array.from({ length: FEATURES }, (_, feature) => {
      const own = [...source.read(numbers)].filter((_, at) => at % FEATURES === feature);
      return own.reduce((sum, value) => sum + value, 0) / own.length;
    });
  const whole = meanOf(all);
  const levels: number[][] = [];
  for (const first of all) {
    const near = all.filter((one) => one >= first && set.start[one]! < set.start[first]! + 80);
    levels.push(meanOf(near).map((value, feature) => value - whole[feature]!));
    if (near.at(-1) === all.at(-1)) break;
  }
  return levels;
}

test("levels are the moving average of windows' means, less their mean, series by series", () => {
  const steps = fc.array(fc.oneof(fc.constantFrom(1, 2), fc.integer({ min: 1, max: 120 })), {
    minLength: 1,
    maxLength: 150,
  });
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 3 }), (stepsBySeries) => {
      const set = setOf(stepsBySeries);
      const source = sourceOf(set);
      const levels = new SeriesLevels(set, source, FEATURES);
      let first = 0;
      stepsBySeries.forEach((_, series) => {
        const want = levelsOf(set, source, series);
        const drawn = new Set<number>();
        const random = new Random(1);
        for (let n = 0; n < 2000; n++) drawn.add(levels.drawLevel(series, random));
        assert.ok([...drawn].every((place) => place >= first && place < first + want.length));
        if (want.length < 100) assert.equal(drawn.size, want.length);
        want.flat().forEach((value, at) => {
          const given = levels.values[first * FEATURES + at]!;
          assert.ok(Math.abs(given - value) < 1e-4, `${given}, not ${value}`);
        });
        first += want.length;
      });
    }),
    { numRuns: 30 },
  );
});

test("a series shorter than a level has one, zero", () => {
  const set = setOf([new Array<number>(40).fill(2)]);
  const levels = new SeriesLevels(set, sourceOf(set), FEATURES);
  assert.equal(levels.drawLevel(0, new Random(1)), 0);
  assert.ok(levels.values.every((value) => Math.abs(value) < 1e-6));
});
