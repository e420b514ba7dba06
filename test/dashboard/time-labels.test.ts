import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLabels } from "../../src/dashboard/time-labels.js";

const at = (text: string) => Date.parse(text) / 1000;

test("times have their date where it is a new one, and seconds where they matter", () => {
  const splits = ["2026-09-07T12:00:00Z", "2026-09-08T00:00:00Z", "2026-09-08T12:00:00Z"].map(at);
  assert.deepEqual(timeLabels(splits, 43_200), ["12:00\n2026-09-07", "00:00\n2026-09-08", "12:00"]);
  assert.deepEqual(timeLabels([at("2026-09-07T12:00:05Z")], 5), ["12:00:05\n2026-09-07"]);
  assert.deepEqual(timeLabels([at("2026-09-07T00:00:00Z")], 86_400), ["2026-09-07"]);
  assert.deepEqual(timeLabels([at("2026-01-01T00:00:00Z")], 366 * 86_400), ["2026"]);
});
