/**
 * What features contribute to the scores of windows, for the events of a series that is scored a few windows at a time.
 *
 * To split a score takes about as long as to compute it, and most windows overlap no event. So windows are kept until it
 * is known whether an alarm overlaps them, which the rows behind them decide, and the scores of the others are not split.
 */
import { AlarmRows } from "./alarm-rows.js";
import { contributionsByFeature, type ScoredBatch } from "./contributions.js";
import type { EventRows, EventStreamState } from "./event-stream.js";
import type { ScorerName } from "./scorers/scorers.js";
import type { ScoringModel } from "./scoring-model.js";

/**
 * The most readings and outputs that are kept, 16 MiB of them. Where more would have to be, because windows are long and
 * wide, the scores of the oldest are split whether an event needs it or not.
 */
const MAX_KEPT_NUMBERS = 4 * 1024 * 1024;
/** Batches of windows split in one call of `judge`: one more than comes in, so that none are left over for long. */
const BATCHES_AT_ONCE = 2;

interface Kept {
  readonly batch: ScoredBatch;
  /** The number of the batch's first window in the series. */
  readonly from: number;
  readonly numbers: number;
  readonly release: () => void;
}

/** A batch of which some scores are to be split. */
interface Due extends Kept {
  /** By window of the batch. */
  readonly isWanted: readonly boolean[];
}

/** Fills in `windows.contributions` of the rows that it is made for, of windows that overlap an alarm; the rest stays 0. */
export class EventContributions {
  readonly #model: ScoringModel;
  readonly #scorer: ScorerName;
  readonly #rows: EventRows;
  readonly #alarms: AlarmRows;
  readonly #maxNumbers: number;
  readonly #kept: Kept[] = [];
  readonly #due: Due[] = [];
  #numbers = 0;
  #windows = 0;

  /**
   * @param scorer the one that scores and verdicts are of.
   * @param rows their scores, verdicts and windows. Scores and verdicts are read once `judge` says that they are there.
   * @param state of a stream, as EventStream takes it.
   */
  constructor(
    model: ScoringModel,
    scorer: ScorerName,
    rows: EventRows,
    state?: EventStreamState,
    maxNumbers: number = MAX_KEPT_NUMBERS,
  ) {
    this.#model = model;
    this.#scorer = scorer;
    this.#rows = rows;
    this.#alarms = new AlarmRows(rows, state);
    this.#maxNumbers = maxNumbers;
  }

  /**
   * Takes the next windows of the series.
   *
   * @param release called once, when the arrays of the batch are not read any more.
   */
  add(batch: ScoredBatch, release: () => void = () => undefined): void {
    const numbers = batch.outputs.heads.reduce(
      (sum, { length }) => sum + length,
      batch.prepared.scaled.length,
    );
    this.#kept.push({ batch, from: this.#windows, numbers, release });
    this.#windows += batch.scores.count;
    this.#numbers += numbers;
    while (this.#numbers > this.#maxNumbers && this.#kept.length > 0) this.#takeOldest(() => true);
  }

  /** The scores and verdicts of the rows before `end` are there: splits scores of windows that are known to overlap an alarm. */
  judge(end: number): void {
    this.#alarms.judge(end);
    const { starts, timesteps } = this.#rows.windows;
    for (let oldest = this.#kept[0]; oldest !== undefined; oldest = this.#kept[0]) {
      const lastStart = starts[oldest.from + oldest.batch.scores.count - 1]!;
      if (!this.#alarms.isSettled(lastStart + timesteps - 1)) break;
      this.#takeOldest((start) => this.#alarms.overlap(start));
    }
    for (let n = 0; n < BATCHES_AT_ONCE && this.#due.length > 0; n++) this.#splitOldest();
  }

  /** Splits the rest, once all rows are judged. It yields after each batch, so that other work can be given way to. */
  *finish(): Generator<undefined, void> {
    while (this.#kept.length > 0) this.#takeOldest((start) => this.#alarms.overlap(start));
    for (; this.#due.length > 0; yield undefined) this.#splitOldest();
  }

  /** @param isWanted whether the score of the window that begins at a row is to be split. */
  #takeOldest(isWanted: (start: number) => boolean): void {
    const oldest = this.#kept.shift()!;
    this.#numbers -= oldest.numbers;
    const { starts } = this.#rows.windows;
    const wanted = Array.from({ length: oldest.batch.scores.count }, (_, n) =>
      isWanted(starts[oldest.from + n]!),
    );
    if (wanted.includes(true)) this.#due.push({ ...oldest, isWanted: wanted });
    else oldest.release();
  }

  #splitOldest(): void {
    const { batch, from, isWanted, release } = this.#due.shift()!;
    const own = contributionsByFeature(this.#model, this.#scorer, batch, (window) => isWanted[window]!);
    this.#rows.windows.contributions.set(own, from * this.#model.features);
    release();
  }
}
