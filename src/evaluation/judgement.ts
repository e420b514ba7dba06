/** How a detector does on test rows: its scores and verdicts against the labels, and what it says of the normal level. */
import { DriftCounter } from "../scoring/drift.js";
import { pValue } from "../scoring/thresholds.js";
import type { Run } from "../scoring/windows.js";
import type { Detector, DetectorName, NormalScores } from "./detector.js";
import { addEventCounts, countEvents, type EventCounts, eventsOf } from "./event-figures.js";
import { addCounts, auroc, averagePrecision, type Counts, countStretch, NO_COUNTS } from "./metrics.js";
import type { TestSeries, TestSet } from "./test-set.js";
import { volumeUnderPrecisionRecall } from "./volume-under-surface.js";

/** How one detector did on one test set. What is undefined cannot be taken. */
export interface DetectorRun {
  readonly detector: DetectorName;
  readonly seed: number | undefined;
  readonly threshold: number | undefined;
  readonly auroc: number | undefined;
  readonly averagePrecision: number | undefined;
  readonly vusPr: number | undefined;
  /** Undefined without a threshold, as the next three. */
  readonly counts: Counts | undefined;
  readonly eventCounts: EventCounts | undefined;
  /** The share that is flagged of the normal rows with no anomaly within a window: of those directly after the rows learnt from. */
  readonly falseAlarmsNext: number | undefined;
  /** Of all of them. */
  readonly falseAlarmsAll: number | undefined;
  /** The share of the series whose normal level is said to have moved, of those that are long enough to say. */
  readonly moved: number | undefined;
}

interface NormalCounts {
  rows: number;
  alarms: number;
}

/** What a detector makes of one series of a test set. */
export interface Verdicts {
  /** [rows] */
  readonly scores: Float64Array;
  /** [rows]: 1 where the row is flagged; undefined where the detector has no threshold. */
  readonly flagged: Uint8Array | undefined;
  /** Whether the normal level is said to have moved; undefined where nothing is said. */
  readonly moved: boolean | undefined;
}

/** Scores the test rows with a detector, and compares scores and verdicts with the labels. */
export async function judgeDetector(detector: Detector, testSet: TestSet): Promise<DetectorRun> {
  const { name, seed, threshold } = detector;
  return judgeVerdicts({ detector: name, seed, threshold }, await scoreTestSet(detector, testSet), testSet);
}

/** What a detector makes of each series. */
export async function scoreTestSet(
  { scoreRows, threshold, normal }: Detector,
  testSet: TestSet,
): Promise<Verdicts[]> {
  const verdicts: Verdicts[] = [];
  for (const one of testSet.series) {
    const scores = await scoreRows(one.series, one.starts);
    const flagged =
      threshold === undefined ? undefined : Uint8Array.from(scores, (score) => (score > threshold ? 1 : 0));
    verdicts.push({ scores, flagged, moved: driftOf(scores, one, normal) });
  }
  return verdicts;
}

/**
 * Compares scores and verdicts with the labels; rows that do not count are left out.
 *
 * @param verdicts by series of the test set; either all of them have flags or none.
 */
export function judgeVerdicts(
  of: Pick<DetectorRun, "detector" | "seed" | "threshold">,
  verdicts: readonly Verdicts[],
  testSet: TestSet,
): DetectorRun {
  const scores = new Float64Array(testSet.countedRows);
  const labels = new Uint8Array(testSet.countedRows);
  const isFlagged = verdicts.every(({ flagged }) => flagged !== undefined);
  let counts = NO_COUNTS;
  let eventCounts: EventCounts = { events: 0, found: 0, alarms: 0, justified: 0, delays: [] };
  const next: NormalCounts = { rows: 0, alarms: 0 };
  const all: NormalCounts = { rows: 0, alarms: 0 };
  let at = 0;
  testSet.series.forEach((one, index) => {
    const { series, counted, stretches } = one;
    const own = verdicts[index]!;
    const anomalous = series.anomalous ?? new Uint8Array(series.rows);
    counted.forEach((isCounted, row) => {
      if (isCounted === 0) return;
      scores[at] = own.scores[row]!;
      labels[at++] = anomalous[row]!;
    });
    if (own.flagged === undefined) return;
    const flagged = own.flagged.map((flag, row) => flag & counted[row]!);
    const far = farFrom(anomalous, testSet.timesteps);
    for (const stretch of stretches) {
      const cut = (column: Uint8Array) => column.subarray(stretch.start, stretch.end);
      counts = addCounts(counts, countStretch(cut(anomalous), cut(flagged), cut(counted)));
      eventCounts = addEventCounts(
        eventCounts,
        countEvents(eventsOf(cut(anomalous)), eventsOf(cut(flagged))),
      );
      countNormal(one, stretch, far, flagged, { next, all });
    }
  });
  const moved = verdicts.flatMap((own) => (own.moved === undefined ? [] : Number(own.moved)));
  const shareOf = ({ rows, alarms }: NormalCounts) => (!isFlagged || rows === 0 ? undefined : alarms / rows);
  return {
    ...of,
    auroc: auroc(scores, labels),
    averagePrecision: averagePrecision(scores, labels),
    vusPr: volumeUnderPrecisionRecall(scores, labels),
    counts: isFlagged ? counts : undefined,
    eventCounts: isFlagged ? eventCounts : undefined,
    falseAlarmsNext: shareOf(next),
    falseAlarmsAll: shareOf(all),
    moved: moved.length === 0 ? undefined : moved.reduce((sum, one) => sum + one, 0) / moved.length,
  };
}

/** Whether the level has moved; undefined where nothing can be said. */
function driftOf(
  scores: Float64Array,
  { counted }: TestSeries,
  normal: NormalScores | undefined,
): boolean | undefined {
  if (normal?.drift === undefined) return undefined;
  const counter = new DriftCounter(normal.drift.blockRows);
  counted.forEach((one, row) => {
    counter.push(one === 1 ? pValue(normal.sample, scores[row]!) : Number.NaN);
  });
  return counter.drift(normal.drift)?.moved;
}

/** [rows]: 1 for normal rows with no anomalous row nearer than a window is long. */
function farFrom(anomalous: Uint8Array, timesteps: number): Uint8Array {
  const far = new Uint8Array(anomalous.length).fill(1);
  for (const { start, end } of eventsOf(anomalous)) {
    far.fill(0, Math.max(0, start - timesteps + 1), end + timesteps);
  }
  return far;
}

function countNormal(
  { counted, next: isNext }: TestSeries,
  { start, end }: Run,
  far: Uint8Array,
  flagged: Uint8Array,
  { next, all }: { readonly next: NormalCounts; readonly all: NormalCounts },
): void {
  for (let row = start; row < end; row++) {
    if (far[row] === 0 || counted[row] === 0) continue;
    all.rows++;
    all.alarms += flagged[row]!;
    if (isNext[row] === 0) continue;
    next.rows++;
    next.alarms += flagged[row]!;
  }
}
