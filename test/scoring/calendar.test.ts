import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InputError } from "../../src/errors.js";
import { OWN_ARRAYS } from "../../src/scoring/arrays.js";
import { CALENDAR_PARTS, type Calendar, CalendarInputs } from "../../src/scoring/calendar.js";
import { prepareScoring, type ScoringModel } from "../../src/scoring/scoring-model.js";
import { LocalClock } from "../../src/scoring/time-zone.js";
import { prepareReadings, prepareWindows } from "../../src/scoring/window-scoring.js";

const WEEK_MS = 7 * 86_400_000;
const both: Calendar = { parts: CALENDAR_PARTS, timeZone: "UTC" };
/** 2024-01-01 was a Monday. */
const MONDAY = Date.UTC(2024, 0, 1);

function of(calendar: Calendar, ...times: number[]): number[] {
  return [...new CalendarInputs(calendar).of(Float64Array.from(times))];
}

function assertNear(given: readonly number[], wanted: readonly number[]): void {
  assert.equal(given.length, wanted.length);
  given.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) < 1e-6, `number ${i}: ${value}, not ${wanted[i]}`);
  });
}

test("sine and cosine of the hour, minutes included, and of the whole day of the week", () => {
  const at = (hours: number) => MONDAY + hours * 3_600_000;
  assertNear(of(both, at(0)), [0, 1, 0, 1]);
  assertNear(of(both, at(6)), [1, 0, 0, 1]);
  assertNear(of({ ...both, parts: ["hour"] }, at(18), at(1.5)), [
    -1,
    0,
    Math.sin((2 * Math.PI * 1.5) / 24),
    Math.cos((2 * Math.PI * 1.5) / 24),
  ]);
  const sunday = (2 * Math.PI * 6) / 7;
  const weekday = { ...both, parts: ["weekday"] } as const;
  assertNear(of(weekday, at(6 * 24), at(7 * 24 - 0.01)), [
    ...[Math.sin(sunday), Math.cos(sunday)],
    ...[Math.sin(sunday), Math.cos(sunday)],
  ]);
  // A Sunday before 1970.
  assertNear(of(weekday, Date.UTC(1969, 11, 28)), [Math.sin(sunday), Math.cos(sunday)]);
});

test("a whole week later everything is the same, bit for bit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -2e12, max: 4e12, noNaN: true }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: -3000, max: 3000 }),
      (times, weeks) => {
        const whole = times.map(Math.round);
        assert.deepEqual(of(both, ...whole.map((ms) => ms + weeks * WEEK_MS)), of(both, ...whole));
      },
    ),
  );
});

test("clocks are those of the zone, on both sides of a change and within it", () => {
  const zones = ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC"];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 4_000_000_000 }),
      (timeZone, seconds) => {
        const text = new Date(seconds * 1000).toLocaleString("sv-SE", { timeZone });
        assert.equal(new LocalClock(timeZone).localSeconds(seconds), Date.parse(`${text}Z`) / 1000);
      },
    ),
  );
  const clock = new LocalClock("Europe/Berlin");
  const change = Date.UTC(2024, 2, 31, 1) / 1000;
  assert.equal(clock.localSeconds(change - 1) - (change - 1), 3600);
  assert.equal(clock.localSeconds(change) - change, 7200);
  // Times that no calendar knows are still numbers.
  for (const far of [-1e15, 1e15]) assert.ok(Number.isFinite(clock.localSeconds(far)));
  assert.throws(() => new LocalClock("Mars/Olympus"), /There is no time zone "Mars\/Olympus"/);
});

function modelOf(calendar: Calendar | undefined): ScoringModel {
  return prepareScoring({
    ...{ timesteps: 3, features: 2, clip: 20, minCoverage: 0.5, calendar },
    heads: [{ name: "reconstruction", start: 0, steps: 3, reversed: false }],
    scaler: { kind: "standard", offset: [1, 2], scale: [2, 4] },
  });
}

test("calendar inputs stand behind the readings of a row; windows alone have those of windows together", () => {
  const model = modelOf(both);
  const readings = Float64Array.from({ length: 16 }, (_, i) => (i === 5 ? Number.NaN : Math.sin(i)));
  const times = Float64Array.from({ length: 8 }, (_, row) => MONDAY + row * 1e7);
  const starts = [1, 2, 5];
  const series = prepareWindows(model, readings, 3, OWN_ARRAYS, starts, times);
  const plain = prepareReadings(model, readings, 3, OWN_ARRAYS, starts);
  assert.deepEqual(series.scaled, plain.scaled);
  assert.deepEqual(series.present, plain.present);
  const wanted = starts.flatMap((start, window) =>
    [0, 1, 2].flatMap((step) => {
      const at = (window * 3 + step) * 2;
      return [...plain.scaled.subarray(at, at + 2), ...of(both, times[start + step]!)];
    }),
  );
  assert.deepEqual([...series.inputs], wanted);
  for (const [window, start] of starts.entries()) {
    const alone = prepareWindows(
      model,
      readings.slice(start * 2, (start + 3) * 2),
      1,
      OWN_ARRAYS,
      undefined,
      times.slice(start, start + 3),
    );
    assert.deepEqual(alone.inputs, series.inputs.slice(window * 18, (window + 1) * 18));
  }
});

test("without a calendar the network reads the scaled readings; with one it needs times", () => {
  const plain = prepareWindows(modelOf(undefined), new Float64Array(6), 1);
  assert.equal(plain.inputs, plain.scaled);
  assert.throws(
    () => prepareWindows(modelOf(both), new Float64Array(6), 1),
    (error) =>
      error instanceof InputError &&
      /no column of times .* reads the hour and the weekday of each row; .* --time-column/.test(
        error.message,
      ),
  );
});
