/** The figures of one detector on one series: those of `evaluate`, and what some sets ask for besides. */
import { judgeVerdicts, type Verdicts } from "../../../src/evaluation/judgement.js";
import { figuresOf } from "../../../src/evaluation/summary.js";
import { cutTestSet, type TestSet } from "../../../src/evaluation/test-set.js";
import { datasetsOf, type QualitySeries } from "./series.js";

const EVALUATED = [
  "auroc",
  "averagePrecision",
  "vusPr",
  "falseAlarmsNext",
  "falseAlarmsAll",
  "moved",
  "eventPrecision",
  "eventRecall",
  "medianDelay",
] as const;
export const FIGURES = [...EVALUATED, "hit", "causesNamed"] as const;
export type FigureName = (typeof FIGURES)[number];

/** Null where there is nothing to take a share of. */
export type QualityFigures = Readonly<Record<FigureName, number | null>>;

/** UCR: the highest score has to lie this near to the one anomaly. */
const NEAR_ROWS = 100;
/** Rows with fewer of their readings do not count. */
const MIN_COVERAGE = 0.5;

/** The rows from `trainRows` on. @param timesteps T */
export function testSetOf(series: QualitySeries, timesteps: number): TestSet {
  return cutTestSet(datasetsOf(series).whole, {
    timesteps,
    minCoverage: MIN_COVERAGE,
    trainRows: { from: 0, to: series.trainRows },
    testRows: undefined,
  });
}

/**
 * @param verdicts [rows]; those of rows before `trainRows` have no meaning.
 * @param causesNamed of the labelled causes that an event meets, the share of features named among as many as there are.
 */
export function judge(
  series: QualitySeries,
  verdicts: Verdicts,
  timesteps: number,
  causesNamed?: number,
): QualityFigures {
  const of = { detector: "model", seed: undefined, threshold: undefined } as const;
  const figures = figuresOf(judgeVerdicts(of, [verdicts], testSetOf(series, timesteps)));
  return {
    ...(Object.fromEntries(EVALUATED.map((name) => [name, figures[name] ?? null])) as QualityFigures),
    hit: series.set === "UCR" ? hit(verdicts.scores, series) : null,
    causesNamed: causesNamed ?? null,
  };
}

function hit(scores: Float64Array, { labels, trainRows }: QualitySeries): number {
  let highest = trainRows;
  for (let row = trainRows; row < scores.length; row++) if (scores[row]! > scores[highest]!) highest = row;
  const near = labels.subarray(Math.max(0, highest - NEAR_ROWS), highest + NEAR_ROWS + 1);
  return near.includes(1) ? 1 : 0;
}
