/**
 * A series while it is scored. Its timesteps are settled in order: a score is settled when no later window
 * covers it.
 */
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { DriftCounter, type DriftState } from "../scoring/drift.js";
import { EventContributions } from "../scoring/event-contributions.js";
import { eventRuleOf } from "../scoring/events.js";
import { boundSpoilt } from "../scoring/spoilt-errors.js";
import { Stitcher } from "../scoring/stitcher.js";
import type { PreparedWindows } from "../scoring/window-scoring.js";
import type { ScorableModel, ScoredWindows, SeriesResult, SeriesScores, Timing } from "./score-result.js";
import type { SeriesRequest } from "./scoring-request.js";
import type { SeriesJudge } from "./series-judge.js";
import { SeriesParts } from "./series-parts.js";
import type { SeriesStream } from "./series-stream.js";
import { judgeScores, pValues } from "./verdict.js";

/** Values that are settled between two pauses: a few milliseconds' work. */
const SETTLED_AT_ONCE = 32_768;

interface Waiting {
  readonly rows: number;
  readonly resolve: (settledRows: number) => void;
  readonly reject: (error: unknown) => void;
}

export class SeriesScoring {
  /** Only the values of settled rows may be read. */
  readonly scores: SeriesScores;
  /** Rejects where scoring failed. It need not be awaited by callers of `until`. */
  readonly result: Promise<SeriesResult>;
  /** The first row of each window, increasing. */
  readonly #starts: Int32Array;
  readonly #judge: SeriesJudge;
  readonly #score: Stitcher;
  readonly #coverage: Stitcher;
  /** Of the timestep errors; undefined where they are not asked for. */
  readonly #error: Stitcher | undefined;
  /** Of the errors by which the edges of events are judged; undefined where the model does not know normal ones. */
  readonly #edgeError: Stitcher | undefined;
  /** Undefined where there is no threshold, and so no event. */
  readonly #contributions: EventContributions | undefined;
  readonly #parts: SeriesParts | undefined;
  /** Rows that are settled between two pauses. */
  readonly #rowsAtOnce: number;
  readonly #drift: DriftCounter | undefined;
  readonly #stream: SeriesStream | undefined;
  /** Of a stream: as it was when the rows that are final now had been counted. */
  #finalDrift: DriftState | undefined;
  #scoredWindows = 0;
  #settledRows = 0;
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;
  #resolve!: (result: SeriesResult) => void;
  #reject!: (error: unknown) => void;

  /** @param stream where `request` has the rows of a stream that are at hand. */
  constructor(model: ScorableModel, judge: SeriesJudge, request: SeriesRequest, stream?: SeriesStream) {
    const { timesteps, features } = model.scoring;
    const { rows, starts, stride } = request;
    this.#starts = starts;
    this.#judge = judge;
    this.#stream = stream;
    this.#score = new Stitcher(timesteps);
    this.#coverage = new Stitcher(timesteps);
    const asked = request.parts ?? new Set();
    if (asked.has("timestepError")) this.#error = new Stitcher(timesteps);
    const timestepError = this.#error && new Float64Array(rows);
    if (judge.events?.errorLimit !== undefined) this.#edgeError = new Stitcher(timesteps);
    if ([...asked].some((part) => part !== "timestepError")) {
      const judged = { scorer: judge.windows.scorer, threshold: judge.threshold?.value };
      this.#parts = new SeriesParts(model.scoring, judged, rows, asked);
    }
    const width = 1 + features * (this.#parts?.count ?? 0);
    this.#rowsAtOnce = Math.max(1, Math.floor(SETTLED_AT_ONCE / width));
    if (judge.drift !== undefined) this.#drift = new DriftCounter(judge.drift.blockRows, stream?.driftBefore);
    const base = stream?.base ?? 0;
    const notAnswered = stream?.from ?? 0;
    const lastFrom = rows - (request.last ?? rows);
    const score = new Float64Array(rows);
    this.scores = {
      model,
      threshold: judge.threshold,
      rows,
      score,
      anomalous: new Int8Array(rows),
      pValue: new Float64Array(rows),
      eventRule: judge.events && eventRuleOf(judge.events, score, new Float64Array(rows)),
      timestepError,
      parts: this.#parts?.values,
      base,
      from: Math.max(notAnswered, lastFrom),
      eventsFrom: lastFrom > notAnswered ? base + lastFrom : undefined,
      gaps: stream?.gaps,
      windows: {
        starts,
        timesteps,
        stride,
        contributions: new Float64Array(starts.length * features),
        featureNames: model.manifest.features.map(({ name }) => name),
      },
    };
    const { eventRule: rule, anomalous, windows } = this.scores;
    if (rule !== undefined) {
      const judged = { base, score, anomalous, rule, windows };
      const { scorer } = judge.windows;
      this.#contributions = new EventContributions(model.scoring, scorer, judged, stream?.eventsBefore);
    }
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => undefined);
  }

  /** Brings the readings together, pausing for others. Before it has resolved none may be read. */
  async begin(): Promise<void> {
    await this.#stream?.copyRows();
  }

  /** The slices of the series, each of at most `windows` windows, as the first row of each window. */
  *slices(windows: number): Generator<Int32Array, void> {
    for (let from = 0; from < this.#starts.length; from += windows) {
      yield this.#starts.subarray(from, from + windows);
    }
  }

  /** Resolves once `rows` rows are settled, with how many are by then. Rejects where scoring failed. */
  async until(rows: number): Promise<number> {
    if (this.#settledRows >= rows) return this.#settledRows;
    if (this.#failure !== undefined) throw this.#failure.error;
    return new Promise((resolve, reject) => this.#waiting.push({ rows, resolve, reject }));
  }

  /**
   * Adds the scores of the next slice, and settles the rows that no later window covers: after a gap, or with a large
   * stride, they may be millions, so that it pauses for others. It must not be called again before it has resolved.
   *
   * @param prepared the windows that they are of.
   * @param release called once, when no array of the slice is read any more; not at all where scoring fails.
   */
  async add(windows: ScoredWindows, prepared: PreparedWindows, release: () => void): Promise<void> {
    const { scores } = windows;
    const from = this.#scoredWindows;
    const to = from + scores.count;
    const starts = this.#starts.subarray(from, to);
    this.#score.add(scores.score, starts);
    this.#coverage.add(scores.coverage, starts);
    this.#error?.addTimesteps(scores.timestepError, starts);
    this.#parts?.add(prepared, windows, starts);
    this.#addForEvents(windows, prepared, starts, release);
    this.#scoredWindows = to;
    // No later window covers the rows before the first one of the next window.
    const next = this.#starts[to];
    if (next !== undefined) await this.#settle(next);
  }

  /** Settles the rest: all windows were scored. */
  async end(timing: Timing): Promise<void> {
    await this.#settle(this.scores.rows);
    for (const _ of this.#contributions?.finish() ?? []) await yieldToEventLoop();
    const { drift: reference } = this.#judge;
    const drift = reference === undefined ? null : this.#drift!.drift(reference);
    const stream = this.#stream;
    if (stream?.final === this.scores.rows) this.#finalDrift = this.#drift?.state;
    const finish = stream === undefined ? undefined : () => stream.finish(this.scores, this.#finalDrift);
    this.#resolve({ ...this.scores, ...timing, drift, finish });
  }

  /** Rejects the result and everything that waits for rows. */
  fail(error: unknown): void {
    this.#failure = { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#reject(error);
  }

  /** What events need of a slice. */
  #addForEvents(
    { outputs, scores }: ScoredWindows,
    prepared: PreparedWindows,
    starts: Int32Array,
    release: () => void,
  ): void {
    const { model, eventRule } = this.scores;
    if (this.#contributions === undefined || eventRule === undefined) {
      release();
      return;
    }
    const { timesteps, error } = model.scoring;
    this.#edgeError?.addTimesteps(
      boundSpoilt(scores.timestepError, timesteps, error, eventRule.errorLimit),
      starts,
    );
    this.#contributions.add({ prepared, outputs, scores }, release);
  }

  async #settle(end: number): Promise<void> {
    while (this.#settledRows < end) {
      const to = Math.min(end, this.#settledRows + this.#rowsAtOnce);
      this.#settleBlock(to);
      if (to < end) await yieldToEventLoop();
    }
  }

  #settleBlock(end: number): void {
    const { score, anomalous, pValue, timestepError, eventRule, model } = this.scores;
    const { minCoverage } = model.scoring;
    const settled = this.#score.settle(end);
    const coverage = this.#coverage.settle(end);
    const verdicts = judgeScores(settled, coverage, this.#judge.threshold?.value, minCoverage);
    const settledP = pValues(this.#judge.sample, settled);
    if (this.#error !== undefined) timestepError!.set(this.#error.settle(end), this.#settledRows);
    if (this.#edgeError !== undefined) eventRule!.error.set(this.#edgeError.settle(end), this.#settledRows);
    this.#parts?.settle(end);
    score.set(settled, this.#settledRows);
    anomalous.set(verdicts, this.#settledRows);
    pValue.set(settledP, this.#settledRows);
    this.#contributions?.judge(end);
    if (this.#drift !== undefined) {
      // With too few readings a score says nothing about the level.
      for (let row = 0; row < settledP.length; row++) {
        if (this.#settledRows + row < (this.#stream?.from ?? 0)) continue;
        if (this.#settledRows + row === this.#stream?.final) this.#finalDrift = this.#drift.state;
        this.#drift.push(coverage[row]! < minCoverage ? Number.NaN : settledP[row]!);
      }
    }
    this.#settledRows = end;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ rows }) => rows > end);
    for (const { rows, resolve } of waiting) if (rows <= end) resolve(end);
  }
}
