/** The times of one column, read in every way that is still possible, until its cells or its steps decide. */
import { NumberColumn } from "./number-column.js";
import type { TimeFormat } from "./time-format.js";

interface Candidate {
  readonly format: TimeFormat;
  readonly ms: NumberColumn;
}

/** Times, and how they are written. */
export interface Times {
  readonly format: TimeFormat;
  /** [rows] milliseconds since 1970, or since the start where the times are elapsed ones. */
  readonly ms: Float64Array;
}

/** Takes the cells of a time column. */
export class TimeColumn {
  #candidates: readonly Candidate[];
  readonly #usual: string | undefined;

  /**
   * @param formats the ways to read the column, at least one.
   * @param usual the name of the one that is taken where nothing else decides.
   */
  constructor(formats: readonly TimeFormat[], usual: string | undefined) {
    this.#candidates = formats.map((format) => ({ format, ms: new NumberColumn() }));
    this.#usual = usual;
  }

  get format(): TimeFormat {
    return this.#candidates[0]!.format;
  }

  /** Reads a cell, and gives up the ways in which it cannot be read. @returns false where none is left. */
  add(cell: string, addMs = 0): boolean {
    let isRead = false;
    let fails = false;
    for (const { format, ms } of this.#candidates) {
      const value = format.read(cell);
      if (value === undefined) fails = true;
      else isRead = true;
      ms.push(value === undefined ? Number.NaN : value + addMs);
    }
    if (fails && isRead) {
      this.#candidates = this.#candidates.filter(({ ms }) => !Number.isNaN(ms.values[ms.length - 1]!));
    }
    return isRead;
  }

  /** The times; the two formats between which nothing decides, where there are such. */
  finish(): Times | readonly [TimeFormat, TimeFormat] {
    const read = this.#candidates.map(({ format, ms }) => ({ format, ms: ms.take() }));
    if (read.length === 1) return read[0]!;
    const ranked = read
      .map((times) => ({ times, steps: describeSteps(times.ms) }))
      .sort((a, b) => a.steps.irregular - b.steps.irregular);
    const [best, next] = ranked as [(typeof ranked)[0], (typeof ranked)[0]];
    if (!isSame(best.times.ms, next.times.ms)) {
      const isMonthly = best.steps.isMonthly || next.steps.isMonthly;
      const isClear = best.steps.irregular < next.steps.irregular / 2;
      const isTighter = best.steps.longest * 5 < next.steps.longest;
      if (isMonthly || !(isClear || isTighter)) {
        const usual = read.find(({ format }) => format.name === this.#usual);
        return usual ?? [best.times.format, next.times.format];
      }
    }
    return best.times;
  }
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  return a.every((value, index) => value === b[index]);
}

const DAY_MS = 86_400_000;

/** How regular a column of times is: the steps that differ from the median one, and the turns from up to down. */
function describeSteps(ms: Float64Array): { irregular: number; longest: number; isMonthly: boolean } {
  const steps = ms.subarray(1).map((value, row) => value - ms[row]!);
  const sizes = steps.map(Math.abs).filter((size) => size > 0);
  const sorted = sizes.slice().sort();
  const median = sorted[sorted.length >> 1] ?? 0;
  const longest = sorted[sorted.length - 1] ?? 0;
  let irregular = 0;
  let direction = 0;
  for (const step of steps) {
    const sign = Math.sign(step);
    if (sign !== 0 && Math.abs(Math.abs(step) - median) > median / 100) irregular++;
    if (sign !== 0 && direction !== 0 && sign !== direction) irregular++;
    if (sign !== 0) direction = sign;
  }
  const isMonthly =
    sizes.length > 0 &&
    sizes.every((size) => size >= 28 * DAY_MS && size <= 31 * DAY_MS && size % DAY_MS === 0);
  return { irregular, longest, isMonthly };
}
