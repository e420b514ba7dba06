/** Axes of pictures: where a value stands, and which values are named. */
import { hardlyDiffer } from "../charts/alike.js";

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly isLog: boolean;
}

/** The axis of values from `low` to `high`, with a little room; with more where they hardly differ. */
export function linearAxis(low: number, high: number): Axis {
  if (!(low <= high)) return { low: 0, high: 1, isLog: false };
  const room = hardlyDiffer(low, high) ? Math.abs(high) * 0.5 || 1 : (high - low) * 0.04;
  return { low: low - room, high: high + room, isLog: false };
}

/** The axis of values above zero, in powers of ten. */
export function logAxis(low: number, high: number): Axis {
  if (!(low > 0 && low <= high)) return { low: 0.1, high: 1, isLog: true };
  return { low: low / 1.25, high: high * 1.25, isLog: true };
}

/** 0 for the low end, 1 for the high one; values beyond the ends stand at the ends. */
export function placeOn({ low, high, isLog }: Axis, value: number): number {
  const place = isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return value <= low ? 0 : Math.min(1, Math.max(0, place));
}

/** Round values on the axis, at most about `count`. */
export function ticksOf(axis: Axis, count: number): number[] {
  return axis.isLog ? logTicks(axis, count) : linearTicks(axis, count);
}

function linearTicks({ low, high }: Axis, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!;
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(n * step);
  return ticks;
}

function logTicks({ low, high }: Axis, count: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 1) return linearTicks({ low, high, isLog: false }, count);
  const step = Math.ceil((last - first + 1) / count);
  const ticks: number[] = [];
  for (let power = first; power <= last; power += step) ticks.push(10 ** power);
  return ticks;
}

/** A tick in as few characters as tell it. */
export function nameTick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return rounded.toExponential().replace("e+", "e");
  return String(rounded);
}
