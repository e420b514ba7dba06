import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../src/network/random.js";
import { HighScores } from "../../src/scoring/alarm-count.js";
import { countAlarms, findAlarms } from "./whole-alarms.js";

test("as many events are counted as the detector finds, by any rule, with rows without a score", () => {
  const random = new Random(7);
  let events = 0;
  for (let repeat = 0; repeat < 400; repeat++) {
    const parts = Array.from({ length: 1 + (repeat % 3) }, () =>
      Float64Array.from({ length: random.below(200) }, () =>
        random.uniform() < 0.05 ? Number.NaN : Math.round(10 * random.uniform() ** 3),
      ),
    );
    const high = new HighScores(parts, 2);
    for (let trial = 0; trial < 10; trial++) {
      const n = 1 + random.below(trial === 0 ? 32 : 6);
      const endValue = 2 + random.below(6);
      const rule = { n, k: 1 + random.below(n), endValue, threshold: endValue + random.below(4) };
      const expected = parts.reduce((sum, part) => sum + findAlarms(part, rule).length, 0);
      assert.equal(high.count(rule), expected, JSON.stringify(rule));
      assert.equal(countAlarms(parts, rule), expected);
      events += expected;
    }
  }
  assert.ok(events > 1000, `${events} events were compared`);
});

test("a rule that looks at 32 rows counts those that a whole window lies between", () => {
  const scores = Float64Array.from({ length: 70 }, (_, row) => (row % 31 === 0 ? 5 : 0));
  assert.equal(countAlarms([scores], { k: 2, n: 32, threshold: 1, endValue: 1 }), 1);
  assert.equal(countAlarms([scores], { k: 2, n: 31, threshold: 1, endValue: 1 }), 0);
});
