/** The events of a whole series, whose windows are scored a few at a time. */
import type { ScoredBatch } from "../scoring/contributions.js";
import { EventContributions } from "../scoring/event-contributions.js";
import { findEvents } from "../scoring/event-stream.js";
import { type AnomalyEvent, type EventWindows, eventRuleOf } from "../scoring/events.js";
import { Stitcher } from "../scoring/stitcher.js";
import type { ScorableModel } from "./score-result.js";
import type { SeriesJudge } from "./series-judge.js";
import { judgeScores } from "./verdict.js";

/** A series that is to be searched. */
export interface SearchedSeries {
  readonly rows: number;
  /** The first row of each window, increasing. */
  readonly starts: Int32Array;
}

/** The most readings and outputs that are kept for contributions, 64 MiB of them: batches are large here. */
const MAX_KEPT_NUMBERS = 16 * 1024 * 1024;

export class EventSearch {
  readonly #judge: SeriesJudge;
  readonly #minCoverage: number;
  readonly #events: NonNullable<SeriesJudge["events"]>;
  readonly #windows: EventWindows;
  readonly #starts: Int32Array;
  /** [rows]: those of the rows before #settled are there. */
  readonly #score: Float64Array;
  readonly #anomalous: Int8Array;
  readonly #scoreStitcher: Stitcher;
  readonly #coverageStitcher: Stitcher;
  readonly #contributions: EventContributions;
  #scoredWindows = 0;
  #settled = 0;

  /** @param events those of the judge, which says by which threshold and rule. */
  constructor(
    { scoring, manifest }: ScorableModel,
    judge: SeriesJudge,
    events: NonNullable<SeriesJudge["events"]>,
    { rows, starts }: SearchedSeries,
  ) {
    const { timesteps, features } = scoring;
    this.#judge = judge;
    this.#minCoverage = manifest.minCoverage;
    this.#score = new Float64Array(rows);
    this.#anomalous = new Int8Array(rows);
    this.#events = events;
    this.#starts = starts;
    this.#windows = {
      starts,
      timesteps,
      contributions: new Float64Array(starts.length * features),
      featureNames: manifest.features.map(({ name }) => name),
    };
    this.#scoreStitcher = new Stitcher(timesteps);
    this.#coverageStitcher = new Stitcher(timesteps);
    const judged = {
      base: 0,
      score: this.#score,
      anomalous: this.#anomalous,
      // Which rows belong to alarms does not depend on errors.
      rule: eventRuleOf(events, this.#score, new Float64Array(0)),
      windows: this.#windows,
    };
    const { scorer } = judge.windows;
    this.#contributions = new EventContributions(scoring, scorer, judged, undefined, MAX_KEPT_NUMBERS);
  }

  /** Takes the next windows. Their arrays are kept for a while. */
  add(batch: ScoredBatch): void {
    const from = this.#scoredWindows;
    const to = from + batch.scores.count;
    const starts = this.#starts.subarray(from, to);
    this.#scoreStitcher.add(batch.scores.score, starts);
    this.#coverageStitcher.add(batch.scores.coverage, starts);
    this.#contributions.add(batch);
    this.#scoredWindows = to;
    const next = this.#starts[to];
    if (next !== undefined) this.#settle(next);
  }

  /**
   * The events, once all windows are added.
   *
   * @param errors [rows]: stitched timestep errors, those that a huge error of the same window spoils bounded.
   */
  find(errors: Float64Array): AnomalyEvent[] {
    this.#settle(this.#score.length);
    for (const _ of this.#contributions.finish());
    const rule = eventRuleOf(this.#events, this.#score, errors);
    return findEvents({ score: this.#score, anomalous: this.#anomalous, rule, windows: this.#windows });
  }

  #settle(end: number): void {
    const score = this.#scoreStitcher.settle(end);
    const coverage = this.#coverageStitcher.settle(end);
    this.#score.set(score, this.#settled);
    const verdicts = judgeScores(score, coverage, this.#judge.threshold?.value, this.#minCoverage);
    this.#anomalous.set(verdicts, this.#settled);
    this.#settled = end;
    this.#contributions.judge(end);
  }
}
