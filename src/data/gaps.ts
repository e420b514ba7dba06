/** Which steps in time are gaps. No window lies on both sides of one. */

/** A step of more than this many times the median step is a gap, where nobody says what is one. */
const GAP_STEPS = 10;

/**
 * The longest step between two rows that is not a gap: 10 times the usual step.
 *
 * @param series the times of each series in milliseconds, not decreasing.
 * @returns milliseconds; undefined where no step is above zero: then there is no gap.
 */
export function usualMaxGapMs(series: readonly Float64Array[]): number | undefined {
  const step = usualStepMs(series);
  return step === undefined ? undefined : GAP_STEPS * step;
}

/**
 * The usual time between two rows: the median step of all the series together. Steps of zero do not count, since rows
 * that share a time say nothing about how often there is a reading. Of an even number of steps the median is the larger
 * of the two in the middle.
 *
 * @param series the times of each series in milliseconds, not decreasing.
 * @returns milliseconds; undefined where no step is above zero.
 */
export function usualStepMs(series: readonly Float64Array[]): number | undefined {
  const steps = new Float64Array(series.reduce((sum, timesMs) => sum + timesMs.length, 0));
  let count = 0;
  for (const timesMs of series) {
    for (let row = 1; row < timesMs.length; row++) {
      const step = timesMs[row]! - timesMs[row - 1]!;
      if (step > 0) steps[count++] = step;
    }
  }
  return steps.subarray(0, count).sort()[count >> 1];
}
