import assert from "node:assert/strict";
import { test } from "node:test";
import { type RenewalComparison, whyWorse } from "../../src/publishing/renewal-comparison.js";
import type { VersionFigures } from "../../src/publishing/renewal-figures.js";

const none = { median: null, upper: null, top: null };

function figures(changes: Partial<VersionFigures> = {}): VersionFigures {
  return {
    threshold: 1,
    rows: 1000,
    scores: none,
    flagged: 0.01,
    errors: { ...none, median: 0.1 },
    drift: { series: 2, moved: 0, pValue: 0.5 },
    golden: { windows: 3, flagged: 0 },
    faults: { labelled: 4, found: 3 },
    ...changes,
  };
}

function reasons(live: Partial<VersionFigures>, renewed: Partial<VersionFigures>): string[] {
  const comparison: RenewalComparison = { live: figures(live), renewed: figures(renewed) };
  return whyWorse(comparison, 0.01, 10);
}

test("a version like the live one, or a better one, is not worse", () => {
  assert.deepEqual(reasons({}, {}), []);
  assert.deepEqual(
    reasons({ flagged: 0.9, drift: { series: 2, moved: 2, pValue: 0 } }, { flagged: 0.5 }),
    [],
  );
  assert.deepEqual(reasons({ faults: null }, { faults: null, threshold: null, flagged: 0.0299 }).length, 1);
  assert.deepEqual(reasons({ flagged: 0 }, { flagged: 0.0299 }), [], "twice the rate, and one event more");
});

test("each figure that is worse is named with its value", () => {
  assert.deepEqual(reasons({}, { flagged: 0.0312 }), [
    "flags 3.12 % of 1000 normal rows, the live one 1 %, where 1 % were asked for",
  ]);
  assert.match(reasons({}, { errors: { ...none, median: 0.13 } })[0]!, /median error of 0\.13, .* 0\.1 in/);
  assert.match(
    reasons({}, { drift: { series: 2, moved: 1, pValue: 0.001 } })[0]!,
    /moved in 1 of 2 series \(p-value 0\.001\), the live one in 0/,
  );
  assert.deepEqual(reasons({}, { faults: { labelled: 4, found: 2 } }), [
    "finds 2 of 4 faults, the live one 3",
  ]);
  assert.match(reasons({}, { threshold: null, flagged: null })[0]!, /no threshold/);
  assert.match(reasons({}, { rows: 0 })[0]!, /no normal row held out/);
});
