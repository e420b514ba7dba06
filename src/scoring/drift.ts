/** Counts the p-values of a stream, to say whether the normal level has moved. The test is in drift-decision.ts. */

import { type Drift, testDrift } from "./drift-decision.js";
import type { DriftEntry, DriftReference } from "./drift-reference.js";

const SMALL_P_VALUE = 0.05;
/** Entries of one length: more are joined, two oldest ones at a time, to one entry of the next length. */
const MOST_OF_A_LENGTH = 16;

/** All that has to be kept of a stream, in numbers that JSON holds: it grows with the logarithm of the length. */
export interface DriftState {
  /** Rows pushed so far, those without a p-value too. */
  readonly row: number;
  /** In order of time, each as long as the next one or twice, four times ... as long. */
  readonly entries: readonly DriftEntry[];
  /** The block under way: its first row, and its p-values so far. */
  readonly open: {
    readonly row: number;
    readonly count: number;
    readonly sum: number;
    readonly small: number;
  };
}

/** Counts the p-values of a stream, one timestep at a time. */
export class DriftCounter {
  readonly #blockRows: number;
  readonly #entries: DriftEntry[];
  #row: number;
  #open: { row: number; count: number; sum: number; small: number };

  /** @param state as `state` gave it for the same number of rows: goes on from there. */
  constructor(blockRows: number, state?: DriftState) {
    this.#blockRows = blockRows;
    this.#entries = [...(state?.entries ?? [])];
    this.#row = state?.row ?? 0;
    this.#open = { ...(state?.open ?? { row: 0, count: 0, sum: 0, small: 0 }) };
  }

  /** @param pValue of the next row; NaN where there is none. */
  push(pValue: number): void {
    const row = this.#row++;
    if (Number.isNaN(pValue)) return;
    const open = this.#open;
    if (open.count === 0) open.row = row;
    open.count++;
    open.sum += pValue;
    if (pValue <= SMALL_P_VALUE) open.small++;
    if (open.count < this.#blockRows) return;
    this.#entries.push({ row: open.row, blocks: 1, sum: open.sum / this.#blockRows, small: open.small });
    this.#open = { row: 0, count: 0, sum: 0, small: 0 };
    this.#join();
  }

  get state(): DriftState {
    return { row: this.#row, entries: [...this.#entries], open: { ...this.#open } };
  }

  /** @returns null under 20 blocks. */
  drift(reference: DriftReference): Drift | null {
    return testDrift(this.#entries, reference);
  }

  #join(): void {
    let end = this.#entries.length;
    for (let blocks = 1; end > 0; blocks *= 2) {
      let first = end;
      while (first > 0 && this.#entries[first - 1]!.blocks === blocks) first--;
      if (end - first <= MOST_OF_A_LENGTH) return;
      const [a, b] = [this.#entries[first]!, this.#entries[first + 1]!];
      this.#entries.splice(first, 2, {
        row: a.row,
        blocks: 2 * blocks,
        sum: a.sum + b.sum,
        small: a.small + b.small,
      });
      end = first + 1;
    }
  }
}

/**
 * A state that came from outside, such as with a continuation.
 *
 * @returns undefined where `value` is not a state that a counter of such blocks can have.
 */
export function parseDriftState(value: unknown, blockRows: number): DriftState | undefined {
  if (!isObject(value)) return undefined;
  const { row, entries, open } = value;
  if (!isCount(row) || !Array.isArray(entries) || !isObject(open)) return undefined;
  if (entries.length > MOST_OF_A_LENGTH * Math.log2(2 * Number.MAX_SAFE_INTEGER)) return undefined;
  const parsed: DriftEntry[] = [];
  let end = 0;
  let sameLength = 0;
  for (const entry of entries) {
    if (!isObject(entry)) return undefined;
    const last = parsed[parsed.length - 1];
    const { row: first, blocks, sum, small } = entry;
    if (!isCount(first) || !isCount(blocks) || !isCount(small) || !isSum(sum, blocks)) return undefined;
    const isLength = Number.isInteger(Math.log2(blocks)) && (last === undefined || blocks <= last.blocks);
    sameLength = blocks === last?.blocks ? sameLength + 1 : 1;
    if (!isLength || sameLength > MOST_OF_A_LENGTH || first < end || small > blocks * blockRows)
      return undefined;
    end = first + blocks * blockRows;
    parsed.push({ row: first, blocks, sum, small });
  }
  const { row: first, count, sum, small } = open;
  if (!isCount(first) || !isCount(count) || !isCount(small) || !isSum(sum, count)) return undefined;
  if (count >= blockRows || small > count || end + count > row) return undefined;
  if (count > 0 && (first < end || first + count > row)) return undefined;
  return { row, entries: parsed, open: { row: first, count, sum, small } };
}

function isObject(
  value: unknown,
): value is Record<string, unknown> &
  Record<"row" | "entries" | "open", unknown> &
  Record<"blocks" | "sum" | "small" | "count", unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The sum of so many numbers from 0 to 1. */
function isSum(value: unknown, count: number): value is number {
  return typeof value === "number" && value >= 0 && value <= count;
}
