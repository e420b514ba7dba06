/** Verdicts and events by another threshold, from scores that are there: nothing is scored again. */
import { endValueFor } from "../scoring/alarm-choice.js";
import { findEvents } from "../scoring/event-stream.js";
import { eventRuleOf, sharesOf } from "../scoring/events.js";
import { ruleOfRuns } from "../scoring/normal-behaviour.js";
import { findRuns } from "../scoring/windows.js";
import type { SeriesRows, SeriesScores } from "./series-data.js";
import type { ManifestAlarms, ServiceEvent } from "./service-types.js";

/** What a threshold makes of scores. */
export interface Judgement {
  /** Undefined where there is none, and nothing is judged. */
  readonly threshold: number | undefined;
  readonly events: readonly ServiceEvent[];
  readonly anomalousRows: number;
  /** Rows with a verdict. */
  readonly judgedRows: number;
}

/**
 * The events that the service would find by this threshold. Those by the service's own are its own. Otherwise the shares
 * of features are those of the stitched errors of an event's rows; the service's are what features contribute to the scores
 * of the windows over them. Edges are where stitched errors leave their normal range, which around a huge fault is a little
 * further out than where the service has them.
 *
 * @param alarms how the model's normal scores make events; undefined where it does not know.
 */
export function judge(
  series: SeriesRows,
  scores: SeriesScores,
  alarms: ManifestAlarms | undefined,
  threshold: number | undefined,
): Judgement {
  const { score, anomalous } = scores;
  const verdicts = new Int8Array(score.length);
  let anomalousRows = 0;
  let judgedRows = 0;
  for (let row = 0; row < score.length; row++) {
    const isJudged = threshold !== undefined && anomalous[row] !== -1 && !Number.isNaN(score[row]!);
    verdicts[row] = isJudged ? Number(score[row]! > threshold) : -1;
    if (!isJudged) continue;
    judgedRows++;
    anomalousRows += verdicts[row]!;
  }
  const counts = { threshold, anomalousRows, judgedRows };
  if (threshold === undefined) return { ...counts, events: [] };
  if (threshold === scores.threshold?.value) return { ...counts, events: scores.events };
  const alarm =
    alarms === undefined
      ? ruleOfRuns(threshold)
      : { ...alarms.begin, threshold, endValue: endValueFor(threshold, alarms.normal) };
  const rule = eventRuleOf({ alarm, errorLimit: alarms?.errorLimit }, score, scores.timestepError);
  const windows = {
    starts: findRuns(series.rows, { timestampsMs: series.timesMs, maxGapMs: series.maxGapMs }).map(
      ({ start }) => start,
    ),
    timesteps: 1,
    stride: 1,
    contributions: new Float64Array(0),
    featureNames: [],
  };
  const found = findEvents({ score, anomalous: verdicts, windows, rule });
  return {
    ...counts,
    events: found.map((event) => ({ ...event, features: sharesOfErrors(series, scores, event) })),
  };
}

/** The share of each feature in the errors of an event's rows, largest first; none where errors are not known. */
function sharesOfErrors(
  { features }: SeriesRows,
  { featureError }: SeriesScores,
  { start, end }: { readonly start: number; readonly end: number },
): ServiceEvent["features"] {
  if (featureError === undefined) return [];
  const sums = Float64Array.from(featureError, (column) => {
    let sum = 0;
    for (let row = start; row <= end; row++) if (!Number.isNaN(column[row]!)) sum += column[row]!;
    return sum;
  });
  return sharesOf(sums, features);
}
