/**
 * How many rows a window should have, from the normal rows alone: one or more whole periods where a single feature
 * repeats, otherwise by how many rows there are.
 */

/** The period is looked for in this share of the rows, from the first on. */
const SEARCHED_SHARE = 0.7;
/** More rows than this tell no more about a period of at most `LONGEST_LAG`: 400 sums over them take 0.1 s. */
const MOST_ROWS_SEARCHED = 200_000;
const SHORTEST_LAG = 4;
const LONGEST_LAG = 400;
/** A lag needs at least as many pairs of readings as two lags' worth: it is at most a third of the rows. */
const LEAST_REPEATS = 3;
/** A period has to explain this share of the variance. */
const LEAST_AUTOCORRELATION = 0.2;
/**
 * Of white noise, an autocorrelation over so many pairs has the standard deviation 1 / sqrt(pairs) (Bartlett 1946): in
 * few rows, the highest of a hundred lags reaches 0.2 by chance, so a period has to be this many deviations above 0.
 */
const LEAST_DEVIATIONS = 3.5;
/** The shortest lag this close to the highest peak is the period: multiples of a period are peaks as well. */
const NEAR_THE_HIGHEST = 0.9;
/** A window has at least this many rows where a period is known. */
const LEAST_PERIODIC = 32;
const MOST_WITHOUT_PERIOD = { one: 64, more: 32 };
const ROWS_A_TIMESTEP = 25;
const LEAST_TIMESTEPS = 8;
/** One and a half windows fit into a fifth of the rows. */
const LARGEST_SHARE = 0.2 / 1.5;

export interface WindowLength {
  /** T: rows of a window. */
  readonly timesteps: number;
  /** Rows; undefined where none was found, or none was looked for. */
  readonly period: number | undefined;
  /** A sentence for a person, which begins with T: "84 = 1 x 84: the strongest period of `value`". */
  readonly reason: string;
}

/**
 * The window length for normal rows.
 *
 * With one feature, the period p is looked for in the first 70 % of the rows (see `findPeriod`), and T is the smallest
 * multiple of p from 32 on. Without a period, or with more features, T is a twenty-fifth of the rows, from 8 up to 64
 * (one feature) or 32 (more). In no case is T above 0.2 / 1.5 of the rows, so that one and a half windows fit into a
 * fifth of them, nor above half of the run that the middle row of all lies in.
 *
 * @param runs consecutive normal rows without a gap between them, each [rows, F], NaN where a reading is missing.
 * @param features [F]: their names.
 */
export function chooseWindowLength(runs: readonly Float64Array[], features: readonly string[]): WindowLength {
  const lengths = runs.map((run) => run.length / features.length);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const most = Math.max(1, Math.floor(Math.min(LARGEST_SHARE * rows, middleRun(lengths) / 2)));
  const period = features.length === 1 ? findPeriod(runs) : undefined;
  if (period === undefined) {
    const { timesteps, why } = lengthBySize(rows, features.length, most);
    return { timesteps, period, reason: `${timesteps}: ${why}` };
  }
  const repeats = Math.ceil(LEAST_PERIODIC / period);
  const wanted = repeats * period;
  if (wanted <= most) {
    const reason = `${wanted} = ${repeats} x ${period}: the strongest period of \`${features[0]}\``;
    return { timesteps: wanted, period, reason };
  }
  const whole =
    repeats === 1 ? `the period of \`${features[0]}\`` : `${repeats} periods of \`${features[0]}\``;
  return {
    timesteps: most,
    period,
    reason: `${most}: ${whole} would be ${wanted} rows, too many for ${describeRows(rows)}`,
  };
}

function lengthBySize(rows: number, features: number, most: number): { timesteps: number; why: string } {
  const limit = features === 1 ? MOST_WITHOUT_PERIOD.one : MOST_WITHOUT_PERIOD.more;
  const bySize = Math.max(LEAST_TIMESTEPS, Math.floor(rows / ROWS_A_TIMESTEP));
  const timesteps = Math.min(limit, bySize, most);
  if (timesteps === limit) {
    return { timesteps, why: features === 1 ? "no period was found" : `there are ${features} features` };
  }
  const none = features === 1 ? "no period was found, and " : "";
  return { timesteps, why: `${none}there are only ${describeRows(rows)}` };
}

function describeRows(rows: number): string {
  return `${rows.toLocaleString("en-US")} normal rows`;
}

/** The length of the run that holds the middle one of all rows, runs taken from the longest on. */
function middleRun(lengths: readonly number[]): number {
  const sorted = [...lengths].sort((a, b) => b - a);
  let left = sorted.reduce((sum, length) => sum + length, 0) / 2;
  for (const length of sorted) {
    left -= length;
    if (left <= 0) return length;
  }
  return 0;
}

/**
 * The strongest period of one feature: after the autocorrelation has first fallen to zero, the first local maximum
 * that reaches 90 % of the highest one, if that explains at least a fifth of the variance.
 *
 * Lags run from 4 to 400, and to a third of the rows at most. Without a fall to zero there is no period: what
 * correlates at every lag is a trend or a level that wanders.
 *
 * @param runs as for `chooseWindowLength`, [rows] each; a pair of rows never crosses from one run into another.
 * @returns rows; undefined where there is no period.
 */
export function findPeriod(runs: readonly Float64Array[]): number | undefined {
  const rows = runs.reduce((sum, run) => sum + run.length, 0);
  const searched = takeRows(runs, Math.min(Math.floor(SEARCHED_SHARE * rows), MOST_ROWS_SEARCHED));
  const size = searched.reduce((sum, run) => sum + run.length, 0);
  const longest = Math.min(LONGEST_LAG, Math.floor(size / LEAST_REPEATS));
  const correlation = autocorrelation(searched, longest + 1);
  let from = 0;
  while (from <= longest && correlation[from]! > 0) from++;
  const peaks: number[] = [];
  for (let lag = Math.max(from, SHORTEST_LAG); lag <= longest; lag++) {
    const value = correlation[lag]!;
    if (value >= correlation[lag - 1]! && value > correlation[lag + 1]!) peaks.push(lag);
  }
  const highest = peaks.reduce((most, lag) => Math.max(most, correlation[lag]!), 0);
  return peaks.find((lag) => {
    const chance = LEAST_DEVIATIONS / Math.sqrt(size - lag);
    const least = Math.max(NEAR_THE_HIGHEST * highest, LEAST_AUTOCORRELATION, chance);
    return correlation[lag]! >= least;
  });
}

/** The first `count` rows of all runs together. */
function takeRows(runs: readonly Float64Array[], count: number): Float64Array[] {
  const taken: Float64Array[] = [];
  let left = count;
  for (const run of runs) {
    if (left === 0) break;
    taken.push(run.subarray(0, left));
    left -= Math.min(left, run.length);
  }
  return taken;
}

/**
 * The mean product of two readings that are `lag` rows apart, over the mean square, both about the mean of all
 * readings. With nothing missing it is the usual autocorrelation divided by (1 - lag / n), which does not shrink with
 * the lag. A pair with a missing reading counts for nothing.
 *
 * @param runs [rows] each.
 * @returns [lags + 1], 1 first; 0 where there is no pair, and everywhere where all readings are the same.
 */
export function autocorrelation(runs: readonly Float64Array[], lags: number): Float64Array {
  let sum = 0;
  let readings = 0;
  for (const run of runs) {
    for (const x of run) {
      if (Number.isNaN(x)) continue;
      sum += x;
      readings++;
    }
  }
  const mean = sum / readings;
  const complete = runs.every((run) => !run.some(Number.isNaN));
  const centred = runs.map((run) => run.map((x) => (Number.isNaN(x) ? 0 : x - mean)));
  const present = complete ? [] : runs.map((run) => run.map((x) => (Number.isNaN(x) ? 0 : 1)));
  const result = new Float64Array(lags + 1);
  const square = sumOfProducts(centred, 0) / readings;
  if (!(square > 0)) return result;
  for (let lag = 0; lag <= lags; lag++) {
    const pairs = complete
      ? runs.reduce((total, run) => total + Math.max(0, run.length - lag), 0)
      : sumOfProducts(present, lag);
    result[lag] = pairs > 0 ? sumOfProducts(centred, lag) / pairs / square : 0;
  }
  return result;
}

function sumOfProducts(runs: readonly Float64Array[], lag: number): number {
  let sum = 0;
  for (const run of runs) {
    const end = run.length - lag;
    for (let row = 0; row < end; row++) sum += run[row]! * run[row + lag]!;
  }
  return sum;
}
