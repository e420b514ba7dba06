/** The alarm rule that raises so many false alarms, from scores of normal rows. */
import { InputError, ResiduaError } from "../errors.js";
import { HighScores } from "./alarm-count.js";
import type { AlarmRule } from "./alarms.js";

/** What normal scores look like: where the end of an event lies between them and the threshold. */
export interface NormalScores {
  readonly median: number;
  /** 95 % of the normal scores are at most this. */
  readonly upper: number;
}

const UPPER_SHARE = 0.95;

/**
 * The rules that are tried, from the quickest on. What one row does to a score reaches over all windows that cover the
 * row, so waiting for a few of T timesteps loses no event, only as many rows of time.
 */
const BEGINNINGS = [
  { k: 1, n: 1 },
  { k: 2, n: 3 },
  { k: 3, n: 5 },
  { k: 5, n: 8 },
] as const;
/** Waiting for more timesteps is worth it where the threshold comes this much closer to the normal median. */
const WORTH_WAITING = 0.9;

/** Thresholds tried go down by ranks that are this share of the rank apart, and by at least one. */
const RANK_STEP = 0.03;
const MOST_THRESHOLDS = 512;
/** Below the highest tenth of normal scores, events merge, and no one asks for so many. */
const LOWEST_SHARE = 0.1;

/**
 * Thresholds from the highest on, each with the events that it, or a higher one, raised at most on the calibration
 * scores: so neither column ever goes back.
 */
export type AlarmTable = readonly (readonly [threshold: number, events: number])[];

export interface AlarmCalibration {
  readonly k: number;
  readonly n: number;
  /** Timesteps with a score. */
  readonly rows: number;
  readonly normal: NormalScores;
  readonly table: AlarmTable;
}

/** The score that ends an event: half-way from the normal median to the threshold, or higher where normal scores are. */
export function endValueFor(threshold: number, { median, upper }: NormalScores): number {
  return Math.min(threshold, Math.max(upper, (median + threshold) / 2));
}

/**
 * Chooses how many timesteps begin an event, and counts events at every threshold.
 *
 * Of the rules tried, it takes the first whose threshold is not much higher than that of the next, slower one: where
 * normal scores have short spikes, waiting lets the threshold come down; where they have none, it only costs time.
 *
 * @param parts scores of normal rows, as `HighScores` takes them.
 * @param timesteps T: no rule looks at more than half of a window.
 * @param perRow events a timestep that the choice is made for.
 * @throws InputError where there is no score.
 */
export function calibrateAlarms(
  parts: readonly Float64Array[],
  timesteps: number,
  perRow: number,
): AlarmCalibration {
  const sorted = sortScores(parts);
  const rows = sorted.length;
  if (rows === 0) throw new InputError("There is no score of normal rows to count events on.");
  const normal = {
    median: sorted[Math.floor((rows - 1) / 2)]!,
    upper: sorted[Math.ceil(UPPER_SHARE * rows) - 1]!,
  };
  const allowed = Math.max(0, perRow * rows - 1);
  // No threshold tried is below this score, and no end value below both it and the upper normal one.
  const lowest = sorted[rows - 1 - Math.floor(LOWEST_SHARE * rows)]!;
  const high = new HighScores(parts, Math.min(lowest, normal.upper));
  const tableOf = (beginning: (typeof BEGINNINGS)[number], most: number) =>
    countDownwards(high, sorted, normal, beginning, most);
  let chosen = 0;
  let excess = Number.POSITIVE_INFINITY;
  for (let i = 0; i < BEGINNINGS.length; i++) {
    if (i > 0 && BEGINNINGS[i]!.n > timesteps / 2) break;
    const table = tableOf(BEGINNINGS[i]!, allowed);
    const own = lowestThreshold(table, allowed)! - normal.median;
    if (i > 0 && !(own < WORTH_WAITING * excess)) break;
    chosen = i;
    excess = own;
  }
  const beginning = BEGINNINGS[chosen]!;
  return { ...beginning, rows, normal, table: tableOf(beginning, Number.POSITIVE_INFINITY) };
}

/**
 * The rule for so many false alarms: the lowest threshold at which one event more than on the calibration scores is
 * still within the rate. The one more makes it hold for rows to come, as (1 + count) / (n + 1) does for p-values.
 *
 * @param perRow events a timestep.
 * @throws ResiduaError UNSUPPORTED_BY_MODEL where fewer rows were calibrated on than one event is asked for in.
 */
export function alarmRuleFor(calibration: AlarmCalibration, perRow: number): AlarmRule {
  const { k, n, rows, normal, table } = calibration;
  const threshold = lowestThreshold(table, perRow * rows - 1);
  if (threshold === undefined) {
    throw new ResiduaError(
      "UNSUPPORTED_BY_MODEL",
      `One event in ${Math.round(1 / perRow)} rows cannot be told from ${rows} normal rows that the model was calibrated on; the fewest false alarms they carry are one in ${rows} rows.`,
    );
  }
  return { threshold, k, n, endValue: endValueFor(threshold, normal) };
}

/** The fewest events a timestep that `alarmRuleFor` can give a rule for. */
export function fewestEventsPerRow({ rows }: AlarmCalibration): number {
  return 1 / rows;
}

function lowestThreshold(table: AlarmTable, allowed: number): number | undefined {
  return table.findLast(([, events]) => events <= allowed)?.[0];
}

function sortScores(parts: readonly Float64Array[]): Float64Array {
  const scored = parts.map((part) => part.filter((score) => !Number.isNaN(score)));
  const all = new Float64Array(scored.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of scored) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort();
}

/** @param most the table ends with the first threshold that raises more events than this. */
function countDownwards(
  high: HighScores,
  sorted: Float64Array,
  normal: NormalScores,
  beginning: { readonly k: number; readonly n: number },
  most: number,
): AlarmTable {
  const table: [threshold: number, events: number][] = [];
  const lowest = Math.floor(LOWEST_SHARE * sorted.length);
  let highestCount = 0;
  let rank = 0;
  while (rank <= lowest && table.length < MOST_THRESHOLDS && highestCount <= most) {
    const threshold = sorted[sorted.length - 1 - rank]!;
    rank += Math.max(1, Math.floor(RANK_STEP * rank));
    if (threshold === table[table.length - 1]?.[0]) continue;
    const rule = { ...beginning, threshold, endValue: endValueFor(threshold, normal) };
    highestCount = Math.max(highestCount, high.count(rule));
    table.push([threshold, highestCount]);
  }
  return table;
}
