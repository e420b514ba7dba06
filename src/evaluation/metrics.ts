/**
 * How well scores separate anomalous rows from normal ones. Each row is counted by itself. There is no point adjustment,
 * which would count all rows of a labelled event as found because one of them was.
 */
import { flaggedRuns } from "../scoring/windows.js";

/**
 * The area under the ROC curve: the chance that an anomalous row has a higher score than a normal one, ties
 * counting half (Mann & Whitney 1947; Fawcett 2006, "An introduction to ROC analysis").
 *
 * @param scores [n]; NaN ranks below every number.
 * @param labels [n]: 1 where the row is anomalous.
 * @returns undefined where all rows are of one kind.
 */
export function auroc(scores: Float64Array, labels: Uint8Array): number | undefined {
  const { anomalous, normal } = countLabels(labels);
  if (anomalous === 0 || normal === 0) return undefined;
  let above = 0;
  let pairs = 0;
  for (const tie of walkTies(scores, labels)) {
    pairs += tie.normal * (above + tie.anomalous / 2);
    above += tie.anomalous;
  }
  return pairs / anomalous / normal;
}

/**
 * Average precision: the precision at each score, as a threshold, weighted by the recall it adds. Without
 * interpolation, as in scikit-learn; rows of one score are flagged together.
 *
 * @returns undefined where no row is anomalous.
 */
export function averagePrecision(scores: Float64Array, labels: Uint8Array): number | undefined {
  const { anomalous } = countLabels(labels);
  if (anomalous === 0) return undefined;
  let flagged = 0;
  let hits = 0;
  let sum = 0;
  for (const tie of walkTies(scores, labels)) {
    flagged += tie.anomalous + tie.normal;
    hits += tie.anomalous;
    sum += (tie.anomalous * hits) / flagged;
  }
  return sum / anomalous;
}

function countLabels(labels: Uint8Array): { anomalous: number; normal: number } {
  let anomalous = 0;
  for (const label of labels) anomalous += label;
  return { anomalous, normal: labels.length - anomalous };
}

/** How many rows of each kind share a score, from the highest score down. */
function* walkTies(
  scores: Float64Array,
  labels: Uint8Array,
): Generator<{ anomalous: number; normal: number }, void> {
  const rank = scores.map((score) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score));
  const order = Uint32Array.from(rank.keys()).sort((a, b) => rank[b]! - rank[a]! || 0);
  for (let from = 0; from < order.length; ) {
    const score = rank[order[from]!]!;
    let to = from;
    let anomalous = 0;
    while (to < order.length && rank[order[to]!] === score) anomalous += labels[order[to++]!]!;
    yield { anomalous, normal: to - from - anomalous };
    from = to;
  }
}

/** Rows by label and verdict, and events. The counts of several files can be added. */
export interface Counts {
  /** Anomalous rows that are flagged (hits), and that are not (misses). */
  readonly hits: number;
  readonly misses: number;
  /** Normal rows that are flagged (false alarms), and that are not. */
  readonly falseAlarmRows: number;
  readonly quietRows: number;
  /** Labelled events, and those with at least one flagged row. */
  readonly events: number;
  readonly eventsFound: number;
  /** Runs of flagged rows without an anomalous row. */
  readonly falseAlarms: number;
}

/** Counts of nothing: the start of a sum. */
export const NO_COUNTS: Counts = {
  hits: 0,
  misses: 0,
  falseAlarmRows: 0,
  quietRows: 0,
  events: 0,
  eventsFound: 0,
  falseAlarms: 0,
};

/**
 * Counts one stretch of consecutive rows.
 *
 * A labelled event is a run of anomalous rows, whether these rows are counted or not; the event is counted if one of
 * them is. An alarm is a run of flagged rows; a row that is not counted ends it.
 *
 * @param labels [n]: 1 where the row is anomalous.
 * @param flagged [n]: 1 where the detector says so.
 * @param counted [n]: 1 where the row counts.
 */
export function countStretch(labels: Uint8Array, flagged: Uint8Array, counted: Uint8Array): Counts {
  const counts = { ...NO_COUNTS };
  for (let row = 0; row < labels.length; row++) {
    if (counted[row] === 0) continue;
    if (labels[row] === 1) counts[flagged[row] === 1 ? "hits" : "misses"]++;
    else counts[flagged[row] === 1 ? "falseAlarmRows" : "quietRows"]++;
  }
  const alarms = flagged.map((flag, row) => flag & counted[row]!);
  for (const { start, end } of flaggedRuns(labels)) {
    if (!counted.subarray(start, end).includes(1)) continue;
    counts.events++;
    if (alarms.subarray(start, end).includes(1)) counts.eventsFound++;
  }
  for (const { start, end } of flaggedRuns(alarms)) {
    if (!labels.subarray(start, end).includes(1)) counts.falseAlarms++;
  }
  return counts;
}

/** The sums of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
    falseAlarmRows: a.falseAlarmRows + b.falseAlarmRows,
    quietRows: a.quietRows + b.quietRows,
    events: a.events + b.events,
    eventsFound: a.eventsFound + b.eventsFound,
    falseAlarms: a.falseAlarms + b.falseAlarms,
  };
}

/** Shares of the counts; undefined where the number that a share is taken of is zero. */
export interface Rates {
  /** Precision: the share of flagged rows that are anomalous. */
  readonly precision: number | undefined;
  /** Recall: the share of anomalous rows that are flagged. */
  readonly recall: number | undefined;
  /** F1, the harmonic mean of precision and recall: 2 hits / (2 hits + misses + false alarms). */
  readonly f1: number | undefined;
  /** The share of normal rows that are flagged. */
  readonly falseAlarmRate: number | undefined;
}

/** The rates of some counts. */
export function ratesOf({ hits, misses, falseAlarmRows, quietRows }: Counts): Rates {
  const share = (count: number, of: number) => (of === 0 ? undefined : count / of);
  return {
    precision: share(hits, hits + falseAlarmRows),
    recall: share(hits, hits + misses),
    f1: hits + misses === 0 ? undefined : share(2 * hits, 2 * hits + misses + falseAlarmRows),
    falseAlarmRate: share(falseAlarmRows, falseAlarmRows + quietRows),
  };
}
