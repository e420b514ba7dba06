/** A series while it is scored: its timesteps get their scores from the first on. */
import { Stitcher } from "../scoring/stitcher.js";
import type { ScorableModel, ScoredWindows, SeriesResult, SeriesScores, Timing } from "./score-result.js";
import type { SeriesRequest } from "./scoring-request.js";
import { type Judge, judgeScores } from "./verdict.js";

interface Waiting {
  readonly rows: number;
  readonly resolve: (settledRows: number) => void;
  readonly reject: (error: unknown) => void;
}

export class SeriesScoring {
  /** Of rows that are not settled yet there is nothing to be read. */
  readonly scores: SeriesScores;
  /** Rejects where scoring failed; who follows the rows need not ask. */
  readonly result: Promise<SeriesResult>;
  /** The first row of each window, increasing. */
  readonly #starts: Int32Array;
  readonly #judge: Judge;
  readonly #score: Stitcher;
  readonly #coverage: Stitcher;
  #scoredWindows = 0;
  #settledRows = 0;
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;
  #resolve!: (result: SeriesResult) => void;
  #reject!: (error: unknown) => void;

  constructor(model: ScorableModel, judge: Judge, request: SeriesRequest) {
    const { timesteps, features } = model.scoring;
    const { rows, starts } = request;
    this.#starts = starts;
    this.#judge = judge;
    this.#score = new Stitcher(timesteps);
    this.#coverage = new Stitcher(timesteps);
    this.scores = {
      model,
      threshold: judge.threshold,
      rows,
      score: new Float64Array(rows),
      anomalous: new Int8Array(rows),
      sample: judge.calibration?.timesteps,
      windows: {
        starts,
        timesteps,
        featureError: new Float64Array(starts.length * features),
        featureNames: model.manifest.features.map(({ name }) => name),
      },
    };
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => undefined);
  }

  /** The windows in slices of at most so many: the first row of each. */
  *slices(windows: number): Generator<Int32Array, void> {
    for (let from = 0; from < this.#starts.length; from += windows) {
      yield this.#starts.subarray(from, from + windows);
    }
  }

  /** Resolves once so many rows are settled, with how many are. Rejects where scoring failed. */
  async until(rows: number): Promise<number> {
    if (this.#settledRows >= rows) return this.#settledRows;
    if (this.#failure !== undefined) throw this.#failure.error;
    return new Promise((resolve, reject) => this.#waiting.push({ rows, resolve, reject }));
  }

  /** Takes the scores of the next windows. */
  add({ scores }: ScoredWindows): void {
    const from = this.#scoredWindows;
    const to = from + scores.count;
    const starts = this.#starts.subarray(from, to);
    this.#score.add(scores.score, starts);
    this.#coverage.add(scores.coverage, starts);
    const { featureError, featureNames } = this.scores.windows;
    featureError.set(scores.featureError, from * featureNames.length);
    this.#scoredWindows = to;
    // No later window covers what lies before the next one.
    const next = this.#starts[to];
    if (next !== undefined) this.#settle(next);
  }

  /** Says that all windows were scored. */
  end(timing: Timing): void {
    this.#settle(this.scores.rows);
    this.#resolve({ ...this.scores, ...timing });
  }

  fail(error: unknown): void {
    this.#failure = { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#reject(error);
  }

  #settle(end: number): void {
    const { score, anomalous, model } = this.scores;
    const part = this.#score.settle(end);
    const coverage = this.#coverage.settle(end);
    const verdicts = judgeScores(
      part,
      coverage,
      this.#judge.threshold?.timestepValue,
      model.scoring.minCoverage,
    );
    score.set(part, this.#settledRows);
    anomalous.set(verdicts, this.#settledRows);
    this.#settledRows = end;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ rows }) => rows > end);
    for (const { rows, resolve } of waiting) if (rows <= end) resolve(end);
  }
}
