import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  addEventCounts,
  countEvents,
  type EventSpan,
  eventFiguresOf,
  eventsOf,
} from "../../src/evaluation/event-figures.js";

const flags = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 60 });

test("events are the runs of ones", () => {
  fc.assert(
    fc.property(flags, (list) => {
      const events = eventsOf(list);
      const drawn = list.map((_, row) => (events.some((one) => one.start <= row && row <= one.end) ? 1 : 0));
      assert.deepEqual(drawn, list);
      for (let i = 1; i < events.length; i++) assert.ok(events[i]!.start > events[i - 1]!.end + 1);
    }),
  );
});

test("an event is found, and an alarm justified, where they overlap; the delay is to the first row in an alarm", () => {
  fc.assert(
    fc.property(flags, flags, (labels, flagged) => {
      const labelled = eventsOf(labels);
      const alarms = eventsOf(flagged);
      const meet = (a: EventSpan, b: EventSpan) => a.start <= b.end && b.start <= a.end;
      const found = labelled.filter((event) => alarms.some((alarm) => meet(event, alarm)));
      const delays = found.map((event) => {
        let row = event.start;
        while (flagged[row] !== 1) row++;
        return row - event.start;
      });
      const justified = alarms.filter((alarm) => labelled.some((event) => meet(event, alarm))).length;
      assert.deepEqual(countEvents(labelled, alarms), {
        events: labelled.length,
        found: found.length,
        alarms: alarms.length,
        justified,
        delays,
      });
    }),
  );
});

test("figures of several stretches come from their counts together", () => {
  const first = countEvents([{ start: 10, end: 19 }], [{ start: 14, end: 30 }]);
  const second = countEvents(
    [
      { start: 5, end: 6 },
      { start: 40, end: 49 },
    ],
    [
      { start: 0, end: 2 },
      { start: 39, end: 39 },
      { start: 42, end: 42 },
    ],
  );
  assert.deepEqual(eventFiguresOf(addEventCounts(first, second)), {
    precision: 2 / 4,
    recall: 2 / 3,
    medianDelay: 3,
  });
  assert.deepEqual(eventFiguresOf(countEvents([], [])), {
    precision: undefined,
    recall: undefined,
    medianDelay: undefined,
  });
  assert.equal(eventFiguresOf(first).medianDelay, 4);
});
