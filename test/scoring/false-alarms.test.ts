import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsPerRow, parseFalseAlarms } from "../../src/scoring/false-alarms.js";

test("a number and a unit are read", () => {
  assert.deepEqual(parseFalseAlarms("1/week"), { events: 1, per: "week" });
  assert.deepEqual(parseFalseAlarms("0.25/1000rows"), { events: 0.25, per: "1000rows" });
});

test("anything else is refused with what is wanted", () => {
  for (const text of [
    "",
    "1",
    "week",
    "1/fortnight",
    "1 / week",
    "-1/day",
    "1e3/day",
    ".5/day",
    "1./day",
    "1/week\n",
  ]) {
    assert.throws(() => parseFalseAlarms(text), /a number and a unit, as in 1\/week/, text);
  }
  for (const text of ["0/week", "0.0/day"]) assert.throws(() => parseFalseAlarms(text), /above 0/, text);
  assert.throws(() => parseFalseAlarms(`${"9".repeat(400)}/day`), /above 0/);
});

test("events a row follow from the step", () => {
  const minute = 60_000;
  assert.equal(eventsPerRow(parseFalseAlarms("2/hour"), minute), 2 / 60);
  assert.equal(eventsPerRow(parseFalseAlarms("1/day"), minute), 1 / 1440);
  assert.equal(eventsPerRow(parseFalseAlarms("1/week"), minute), 1 / 10_080);
  assert.equal(eventsPerRow(parseFalseAlarms("1/month"), minute), 1 / (365.25 * 120));
  assert.equal(eventsPerRow(parseFalseAlarms("3/1000rows"), undefined), 0.003);
  assert.throws(() => eventsPerRow(parseFalseAlarms("1/day"), undefined), {
    code: "UNSUPPORTED_BY_MODEL",
    message: /per day; ask for events per 1000rows/,
  });
});
