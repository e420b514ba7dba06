/** The figures of one detector on one series. */
import { countEvents, eventFiguresOf, eventsOf } from "../../../src/evaluation/event-figures.js";
import { auroc, averagePrecision } from "../../../src/evaluation/metrics.js";
import { volumeUnderPrecisionRecall } from "../../../src/evaluation/volume-under-surface.js";
import { type QualitySeries, type Scored, testLabels } from "./series.js";

export const FIGURES = [
  "auroc",
  "averagePrecision",
  "vusPr",
  "hit",
  "falseAlarmsNext",
  "falseAlarmsAll",
  "moved",
  "eventPrecision",
  "eventRecall",
  "medianDelay",
  "causesNamed",
] as const;
export type FigureName = (typeof FIGURES)[number];

/** Null where there is nothing to take a share of. */
export type QualityFigures = Readonly<Record<FigureName, number | null>>;

/** The buffer of VUS-PR, in rows. */
const LARGEST_WIDTH = 100;
/** UCR: the highest score has to lie this near to the one anomaly. */
const NEAR_ROWS = 100;
/** "Directly following": test rows as far after the training rows as this share of their number. */
const NEXT_SHARE = 0.25;

/** @param timesteps T: rows nearer to an anomaly than a window are neither normal nor counted in the false alarms. */
export function judge(series: QualitySeries, scored: Scored, timesteps: number): QualityFigures {
  const labels = testLabels(series);
  const { scores, flagged } = scored;
  const normal = farFromAnomalies(labels, timesteps);
  const next = Math.ceil(NEXT_SHARE * series.trainRows);
  const events =
    flagged === undefined ? undefined : eventFiguresOf(countEvents(eventsOf(labels), eventsOf(flagged)));
  return {
    auroc: auroc(scores, labels) ?? null,
    averagePrecision: averagePrecision(scores, labels) ?? null,
    vusPr: volumeUnderPrecisionRecall(scores, labels, LARGEST_WIDTH) ?? null,
    hit: series.set === "UCR" ? hit(scores, labels) : null,
    falseAlarmsNext: flagged === undefined ? null : shareFlagged(flagged, normal, 0, next),
    falseAlarmsAll: flagged === undefined ? null : shareFlagged(flagged, normal, 0, labels.length),
    moved: scored.moved === undefined ? null : Number(scored.moved),
    eventPrecision: events?.precision ?? null,
    eventRecall: events?.recall ?? null,
    medianDelay: events?.medianDelay ?? null,
    causesNamed: scored.causesNamed ?? null,
  };
}

/** 1 for normal rows with no anomalous row nearer than a window is long. */
function farFromAnomalies(labels: Uint8Array, timesteps: number): Uint8Array {
  const far = new Uint8Array(labels.length).fill(1);
  for (const { start, end } of eventsOf(labels)) {
    far.fill(0, Math.max(0, start - timesteps + 1), end + timesteps);
  }
  return far;
}

function shareFlagged(flagged: Uint8Array, normal: Uint8Array, from: number, to: number): number | null {
  let rows = 0;
  let alarms = 0;
  for (let row = from; row < Math.min(to, normal.length); row++) {
    if (normal[row] === 0) continue;
    rows++;
    alarms += flagged[row]!;
  }
  return rows === 0 ? null : alarms / rows;
}

function hit(scores: Float64Array, labels: Uint8Array): number {
  let highest = 0;
  for (let row = 1; row < scores.length; row++) if (scores[row]! > scores[highest]!) highest = row;
  const near = labels.subarray(Math.max(0, highest - NEAR_ROWS), highest + NEAR_ROWS + 1);
  return near.includes(1) ? 1 : 0;
}
