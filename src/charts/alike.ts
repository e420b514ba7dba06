/** When the ends of an axis or a slider are one value. */

/** A share of the numbers themselves: with less between them, places on the way from one to the other fall together in float64. */
const LEAST_SHARE = 1e-9;
/** Numbers that are not much larger have fewer digits in float64. */
const LEAST_DIFFERENCE = 1e-290;

/** Whether two numbers, low <= high, hardly differ, so that a scale from one to the other has to be made wider. */
export function hardlyDiffer(low: number, high: number): boolean {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return high - low <= Math.max(LEAST_SHARE * size, LEAST_DIFFERENCE);
}
