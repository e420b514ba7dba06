/** The rows of a stream on their way into a continuation and out of it. */
import { FLOAT32_MAX } from "../scoring/residuals.js";
import type { Scaler } from "../scoring/scaler.js";

/**
 * The times of the rows that were kept and of the new ones in whole seconds, which is all that the calendar depends on.
 *
 * @param kept undefined for a new stream.
 * @param addedMs the times of the new rows. A body without them was refused for a model that reads the calendar.
 * @param keptRows how many rows were kept.
 */
export function secondsAtHand(
  kept: Float64Array | undefined,
  addedMs: Float64Array,
  keptRows: number,
): Float64Array {
  const seconds = new Float64Array(keptRows + addedMs.length);
  seconds.set(kept ?? []);
  seconds.set(
    addedMs.map((ms) => Math.floor(ms / 1000)),
    keptRows,
  );
  return seconds;
}

/**
 * Rows from `first` on, [rows - first, F], scaled to float32. `unscaleRows` makes readings of them that `WindowScaler` scales
 * to the same bits again.
 */
export function scaleRows(readings: Float64Array, first: number, { offset, scale }: Scaler): Float32Array {
  const features = offset.length;
  const scaled = new Float32Array(readings.length - first * features);
  for (let i = 0; i < scaled.length; i++) {
    const feature = i % features;
    const x = Math.fround((readings[first * features + i]! - offset[feature]!) / scale[feature]!);
    scaled[i] = Math.min(Math.max(x, -FLOAT32_MAX), FLOAT32_MAX);
  }
  return scaled;
}

/** Readings in the caller's units that `WindowScaler` scales to `scaled`, bit for bit; not always those that were sent. */
export function unscaleRows(scaled: Float32Array, { offset, scale }: Scaler, readings: Float64Array): void {
  const features = offset.length;
  for (let i = 0; i < scaled.length; i++) {
    const x = scaled[i]! * scale[i % features]! + offset[i % features]!;
    readings[i] = Math.min(Math.max(x, -Number.MAX_VALUE), Number.MAX_VALUE);
  }
}
