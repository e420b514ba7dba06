/** Columns of numbers that are no readings: row numbers, ids, and further times. */
import type { LeftOut } from "./header.js";
import { isIndexName } from "./names.js";
import type { FeatureColumn } from "./table-form.js";
import { isEpoch } from "./time-role.js";

/** The least rows from which on a column is seen to count. */
const LEAST_ROWS = 20;
/** The share of steps that have to be the same. */
const SAME = 0.95;

/**
 * The columns that only count: by the same step in nearly every row, upwards under the name of an id, or as numbers
 * since 1970 do. None where they are all there is.
 *
 * @param groups the group of each row, as counters may begin again with each.
 */
export function findCounters(features: readonly FeatureColumn[], groups: Int32Array | undefined): LeftOut[] {
  const found = features.flatMap(({ name, values }) => {
    const reason = counterReason(name, values, groups);
    return reason === undefined ? [] : [{ name, reason }];
  });
  return found.length === features.length ? [] : found;
}

function counterReason(
  name: string,
  values: Float64Array,
  groups: Int32Array | undefined,
): string | undefined {
  const isIndex = isIndexName(name) || /^c\d+$/.test(name);
  if (values.length < (isIndex ? 3 : LEAST_ROWS)) return undefined;
  const lastOf = new Map<number, number>();
  const steps = new Float64Array(values.length);
  let count = 0;
  let ups = 0;
  for (const [row, value] of values.entries()) {
    if (Number.isNaN(value)) return undefined;
    const group = groups?.[row] ?? 0;
    const last = lastOf.get(group);
    lastOf.set(group, value);
    if (last === undefined) continue;
    if (value > last) ups++;
    steps[count++] = value - last;
    // Most columns show in a few rows that they do not count.
    if (count === LEAST_ROWS && ups < count * SAME) return undefined;
  }
  const own = steps.subarray(0, count);
  const step = own.slice().sort()[count >> 1] ?? 0;
  const same = own.filter(
    (one) => Math.abs(one - step) <= Math.abs(step) * 1e-6 + Math.abs(values[0]!) * 1e-12,
  ).length;
  if (step > 0 && same >= count * SAME) {
    return `it counts up by ${Number(step.toPrecision(6))}, as an index or a clock does`;
  }
  if (ups < count) return undefined;
  if (isIndexName(name) && values.every(Number.isInteger)) return "it only grows, as an id does";
  return values.every((value) => Number.isInteger(value) && isEpoch(value)) ? "it holds times" : undefined;
}
