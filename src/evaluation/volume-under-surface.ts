/**
 * VUS-PR: the volume under the surface of precision, recall and the width of a buffer around each labelled event
 * (Paparrizos, Boniol, Palpanas, Tsay, Elmore & Franklin 2022, "Volume Under the Surface: A New Accuracy Evaluation
 * Measure for Time-Series Anomaly Detection", PVLDB 15(11)). A score that rises a little early or falls a little late
 * is not taken for a false alarm, and no threshold has to be chosen.
 *
 * For each buffer width w from 0 to `largestWidth`:
 * - labels reach w / 2 rows past each event, falling off as sqrt(1 - distance / w), added up where two events are near,
 *   and never above 1;
 * - at each threshold, TP is the sum of the labels of the flagged rows, precision is TP / flagged rows, and recall is
 *   TP / P, at most 1, times the share of the widened events (joined where they touch) that hold a flagged row;
 * - P is the mean of the anomalous rows and those rows plus the labels of flagged buffer rows;
 * - the area is the sum over thresholds of precision times the recall it adds.
 *
 * The volume is the mean area over w. As in the authors' package `vus` (`get_metrics(..., metric="vus",
 * version="opt")`), thresholds are the scores at 250 evenly spaced ranks.
 */

import { eventsOf } from "./event-figures.js";

const THRESHOLDS = 250;

/** The first and the last row of an event. */
type Segment = readonly [first: number, last: number];

/**
 * @param scores [n]; NaN ranks as -Infinity, below every finite number.
 * @param labels [n]: 1 where the row is anomalous.
 * @param largestWidth in rows; benchmarks use 100, or the period of the series.
 * @returns undefined where no row is anomalous.
 */
export function volumeUnderPrecisionRecall(
  scores: Float64Array,
  labels: Uint8Array,
  largestWidth = 100,
): number | undefined {
  const events = eventsOf(labels).map(({ start, end }): Segment => [start, end]);
  if (events.length === 0) return undefined;
  const flagging = firstFlagged(scores);
  let volume = 0;
  for (let width = 0; width <= largestWidth; width++) {
    volume += areaAtWidth(events, labels, width, flagging) / (largestWidth + 1);
  }
  return volume;
}

interface Flagging {
  /** [n]: the number of the first threshold, from the highest on, that the row's score reaches. */
  readonly threshold: Uint16Array;
  /** [THRESHOLDS]: how many rows each threshold flags. */
  readonly flagged: Float64Array;
}

function firstFlagged(scores: Float64Array): Flagging {
  const rank = scores.map((score) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score));
  const descending = rank.slice().sort().reverse();
  const step = (descending.length - 1) / (THRESHOLDS - 1);
  const thresholds = Float64Array.from({ length: THRESHOLDS }, (_, i) =>
    i === THRESHOLDS - 1 ? descending[descending.length - 1]! : descending[Math.floor(i * step)]!,
  );
  const threshold = Uint16Array.from(rank, (score) => {
    let low = 0;
    let high = THRESHOLDS - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (score >= thresholds[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  });
  const flagged = new Float64Array(THRESHOLDS);
  for (const first of threshold) flagged[first]!++;
  return { threshold, flagged: cumulate(flagged) };
}

function cumulate(values: Float64Array): Float64Array {
  for (let i = 1; i < values.length; i++) values[i]! += values[i - 1]!;
  return values;
}

function areaAtWidth(
  events: readonly Segment[],
  labels: Uint8Array,
  width: number,
  { threshold, flagged }: Flagging,
): number {
  const rows = labels.length;
  const inEvents = new Float64Array(THRESHOLDS);
  const inBuffers = new Float64Array(THRESHOLDS);
  const found = new Float64Array(THRESHOLDS);
  let anomalous = 0;
  const widened = widenSegments(events, width, rows);
  const buffers = bufferLabels(events, width, widened, labels);
  let at = 0;
  for (const [first, last] of widened) {
    let earliest = THRESHOLDS;
    for (let row = first; row <= last; row++) {
      const own = threshold[row]!;
      if (own < earliest) earliest = own;
      const buffer = buffers[at++]!;
      if (labels[row] === 1) {
        inEvents[own]!++;
        anomalous++;
      } else {
        inBuffers[own]! += Math.min(1, buffer);
      }
    }
    found[earliest]!++;
  }
  cumulate(inEvents);
  cumulate(inBuffers);
  cumulate(found);
  let area = 0;
  let recallBefore = 0;
  for (let i = 0; i < THRESHOLDS; i++) {
    const hits = inEvents[i]! + inBuffers[i]!;
    const positives = (anomalous + anomalous + inBuffers[i]!) / 2;
    const recall = (Math.min(hits / positives, 1) * found[i]!) / widened.length;
    area += ((recall - recallBefore) * hits) / flagged[i]!;
    recallBefore = recall;
  }
  return area;
}

/** Each event with half the width on either side, joined with the next one where they touch or overlap. */
function widenSegments(events: readonly Segment[], width: number, rows: number): Segment[] {
  const half = Math.floor(width / 2);
  const widened: Segment[] = [];
  let first = Math.max(0, events[0]![0] - half);
  events.forEach(([, last], i) => {
    const next = events[i + 1];
    if (next !== undefined && last + half >= next[0] - half) return;
    widened.push([first, Math.min(last + half, rows - 1)]);
    if (next !== undefined) first = next[0] - half;
  });
  return widened;
}

/** The labels that events give to the rows around them, not yet cut at 1: those of all widened segments in a row. */
function bufferLabels(
  events: readonly Segment[],
  width: number,
  widened: readonly Segment[],
  labels: Uint8Array,
): Float64Array {
  const half = Math.floor(width / 2);
  const result = new Float64Array(widened.reduce((sum, [first, last]) => sum + last - first + 1, 0));
  let segment = 0;
  let before = 0;
  for (const [first, last] of events) {
    while (first > widened[segment]![1]) {
      before += widened[segment]![1] - widened[segment]![0] + 1;
      segment++;
    }
    const shift = before - widened[segment]![0];
    for (let distance = 1; distance <= half; distance++) {
      const label = Math.sqrt(1 - distance / width);
      if (first - distance >= 0) result[first - distance + shift]! += label;
      if (last + distance < labels.length) result[last + distance + shift]! += label;
    }
  }
  return result;
}
