/** What normal p-values look like in blocks, and what is kept of a stream of them. See drift-decision.ts. */

/** What p-values of calibration rows look like by blocks, kept with a model. */
export interface DriftReference {
  /** T: timesteps with a p-value in a block. */
  readonly blockRows: number;
  /** How many blocks there were. */
  readonly blocks: number;
  /** The mean p-value of all blocks; about a half. */
  readonly mean: number;
  /** The standard deviation of the blocks' means. */
  readonly deviation: number;
  /** From each block to the next, 0 to `MOST_CORRELATION`. */
  readonly correlation: number;
  /** The lowest and the highest of the blocks' means; missing in models that were published without. */
  readonly range?: readonly [lowest: number, highest: number];
}

/** Consecutive blocks. */
export interface DriftEntry {
  /** The row of the stream that it begins with. */
  readonly row: number;
  /** A power of two. */
  readonly blocks: number;
  /** The sum of the blocks' mean p-values. */
  readonly sum: number;
  /** How many of its p-values are at most 0.05. */
  readonly small: number;
}

const FEWEST_CALIBRATION_BLOCKS = 3;
export const MOST_CORRELATION = 0.9;

/**
 * Describes p-values of calibration rows.
 *
 * @param parts by stretch of consecutive rows: [rows], NaN where there is none; a block never crosses from one into
 *   another.
 * @param blockRows T
 * @returns undefined where there are too few blocks to say anything.
 */
export function describeNormal(
  parts: readonly Float64Array[],
  blockRows: number,
): DriftReference | undefined {
  const means = parts.map((part) => blockMeans(part, blockRows));
  const all = means.flat();
  const blocks = all.length;
  if (blocks < FEWEST_CALIBRATION_BLOCKS) return undefined;
  const mean = all.reduce((sum, value) => sum + value, 0) / blocks;
  const squares = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  let products = 0;
  for (const part of means) {
    for (let i = 1; i < part.length; i++) products += (part[i - 1]! - mean) * (part[i]! - mean);
  }
  const found = squares > 0 ? products / squares : 0;
  // The correlation of a short sample is too small by about (1 + 4 r) / n (Marriott & Pope 1954).
  const corrected = found + (1 + 4 * found) / blocks;
  return {
    blockRows,
    blocks,
    mean,
    deviation: Math.sqrt(squares / (blocks - 1)),
    correlation: Math.min(Math.max(corrected, 0), MOST_CORRELATION),
    // Not as arguments of one call: hundreds of thousands of them overflow the stack.
    range: [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))],
  };
}

function blockMeans(pValues: Float64Array, blockRows: number): number[] {
  const means: number[] = [];
  let sum = 0;
  let count = 0;
  for (const p of pValues) {
    if (Number.isNaN(p)) continue;
    sum += p;
    if (++count < blockRows) continue;
    means.push(sum / blockRows);
    sum = 0;
    count = 0;
  }
  return means;
}
