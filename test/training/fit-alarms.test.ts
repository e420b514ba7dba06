import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dataset, Series } from "../../src/data/dataset.js";
import { InputError } from "../../src/errors.js";
import { Random } from "../../src/network/random.js";
import { alarmRuleFor } from "../../src/scoring/alarm-choice.js";
import { eventsPerRow, type FalseAlarms, parseFalseAlarms } from "../../src/scoring/false-alarms.js";
import { compressSample } from "../../src/scoring/thresholds.js";
import {
  describeNormalBehaviour,
  type NormalPart,
  normalPart,
  stepOf,
} from "../../src/training/fit-alarms.js";

const T = 8;
const HOUR = 3_600_000;

/** Scores and errors of normal rows, in parts as several fits give them. */
function makeParts(...lengths: number[]): NormalPart[] {
  const random = new Random(4);
  return lengths.map((rows) => {
    const draw = () => Float64Array.from({ length: rows }, () => random.normal() ** 2);
    return { squared: { timesteps: draw(), errors: draw() } };
  });
}

function describe(
  parts: readonly NormalPart[],
  falseAlarms?: FalseAlarms,
  stepMs: number | undefined = HOUR,
) {
  const scores = Float64Array.from(parts.flatMap((part) => [...part.squared!.timesteps]));
  const notes: string[] = [];
  const sample = compressSample(scores, Math.max(1, Math.floor(scores.length / T)));
  const behaviour = describeNormalBehaviour(
    parts,
    {
      timesteps: T,
      calibration: { squared: { windows: sample, timesteps: sample } },
      stepMs,
      falseAlarmRate: 0.01,
      falseAlarms,
      scorer: "squared",
    },
    (sentence) => notes.push(sentence),
  )!;
  return { behaviour, notes };
}

test("parts are pooled: rows, the normal range of errors, and what p-values look like in blocks", () => {
  const parts = makeParts(400, 300, 500);
  const { behaviour, notes } = describe(parts);
  const { alarms, errorLimit, drift } = behaviour.scorers.squared!;
  assert.deepEqual([behaviour.stepMs, behaviour.falseAlarms, notes], [HOUR, undefined, []]);
  assert.equal(alarms.rows, 1200);
  const errors = parts.flatMap((part) => [...part.squared!.errors]);
  assert.equal(errors.filter((error) => error > errorLimit).length, 12);
  assert.deepEqual([drift!.blockRows, drift!.blocks], [T, 50 + 37 + 62]);
  assert.ok(Math.abs(drift!.mean - 0.5) < 0.05, `${drift!.mean}`);
});

test("false alarms that the rows carry are kept as they were asked for, and their rule raises no more", () => {
  const asked = parseFalseAlarms("3/week");
  const { behaviour, notes } = describe(makeParts(1500, 1500), asked);
  assert.deepEqual([behaviour.falseAlarms, notes], ["3/week", []]);
  const { alarms } = behaviour.scorers.squared!;
  const rule = alarmRuleFor(alarms, eventsPerRow(asked, HOUR));
  const raised = alarms.table.find(([threshold]) => threshold === rule.threshold)![1];
  assert.ok((raised + 1) / alarms.rows <= 3 / 168, `${raised} events`);
});

test("fewer false alarms than the rows carry become the fewest they do, with a warning", () => {
  for (const text of ["0.00000004/day", "0.1/month", "0.5/1000rows", "1/week"]) {
    const { behaviour, notes } = describe(makeParts(100), parseFalseAlarms(text));
    assert.match(
      notes[0]!,
      new RegExp(`^100 normal rows .* too few for ${text} false alarms; .* for (\\S+), `),
    );
    const kept = behaviour.falseAlarms!;
    assert.ok(notes[0]!.includes(` for ${kept}, `));
    const perRow = eventsPerRow(parseFalseAlarms(kept), HOUR);
    assert.ok(perRow >= 1 / 100 && perRow <= 1.01 / 100, `${kept}: ${perRow}`);
    alarmRuleFor(behaviour.scorers.squared!.alarms, perRow);
  }
  assert.equal(
    describe(makeParts(100), parseFalseAlarms("20000000/1000rows")).behaviour.falseAlarms,
    "20000000/1000rows",
  );
});

test("a part is what the windows of a series cover", () => {
  const timesteps = Float64Array.from([Number.NaN, Number.NaN, 1, 2, 3, 4, Number.NaN]);
  const scores = {
    squared: { windows: new Float64Array(2), timesteps, errors: timesteps.map((x) => 2 * x) },
  };
  assert.deepEqual(normalPart(scores, Int32Array.from([2, 3]), 3), {
    squared: { timesteps: Float64Array.from([1, 2, 3, 4]), errors: Float64Array.from([2, 4, 6, 8]) },
  });
});

test("the step is the median one; false alarms by time need one", () => {
  const datasetOf = (...times: (number[] | undefined)[]): Dataset => ({
    files: [],
    features: ["a"],
    maxGapMs: undefined,
    notes: [],
    series: times.map((own) => ({ timestampsMs: own && Float64Array.from(own) }) as Series),
  });
  const weekly = parseFalseAlarms("1/week");
  assert.equal(stepOf(datasetOf([0, 60, 120, 9000], [5, 65, 65]), weekly), 60);
  assert.equal(stepOf(datasetOf(undefined), undefined), undefined);
  assert.equal(stepOf(datasetOf(undefined), parseFalseAlarms("1/1000rows")), undefined);
  assert.throws(
    () => stepOf(datasetOf(undefined, [7]), weekly),
    (error) => error instanceof InputError && /needs a time column; .* 1\/1000rows\.$/.test(error.message),
  );
});
