/**
 * The use case: a validated request and a live version to scores with their verdicts. It knows no HTTP; the native
 * routes and the Open Inference Protocol are answered by the same object.
 *
 *   readings -> slices of windows -> scaled -> batcher -> outputs -> errors, scores -> p-values, verdicts
 *
 * Most requests are one slice. Larger ones are cut, so that no slice holds up the event loop for long.
 */
import type { ScorerName } from "../registry/manifest.js";
import { type Arrays, OWN_ARRAYS } from "../scoring/arrays.js";
import { Stitcher } from "../scoring/stitcher.js";
import { prepareWindows, scoreWindows } from "../scoring/window-scoring.js";
import { cutWindows, windowStarts } from "../scoring/windows.js";
import type { BatchResult, BatchWork } from "./batch-job.js";
import type { Batcher } from "./batcher.js";
import { inOrder } from "./in-order.js";
import { chooseIncludes } from "./include.js";
import { type Client, RequestClient, slicesOf, windowsOfSlice } from "./request-slices.js";
import type {
  Includable,
  ScorableModel,
  ScoredWindows,
  SeriesResult,
  Timing,
  WindowsResult,
} from "./score-result.js";
import { chooseJudge, type Judge, judgeScores, judgeWindows, type RequestedThreshold } from "./verdict.js";

/** Slices of a series that are on their way at once: the queue is there for others too. */
const SERIES_SLICES = 4;

export interface ScoringObserver {
  scored(model: ScorableModel, windows: ScoredWindows): void;
  waited(model: ScorableModel, ms: number): void;
}

export interface ScoringRequest {
  readonly scorer: ScorerName | undefined;
  readonly threshold: RequestedThreshold | undefined;
  /** On the batcher's clock. */
  readonly deadlineAtMs: number | undefined;
  /** Who waits for the answer. */
  readonly client: Client | undefined;
}

export interface WindowsRequest extends ScoringRequest {
  /** [count, T, F] in the caller's units, NaN = missing. */
  readonly readings: Float64Array;
  readonly count: number;
  readonly include: readonly Includable[] | undefined;
  /** Where the arrays of the result come from, but for the network's outputs. */
  readonly arrays?: Arrays;
}

export interface SeriesRequest extends ScoringRequest {
  /** [rows, F] in the caller's units, NaN = missing; at least T rows. */
  readonly readings: Float64Array;
  readonly rows: number;
  readonly stride: number;
  /** [rows], increasing. */
  readonly timestampsMs: Float64Array | undefined;
  /** No window crosses a longer step in time. */
  readonly maxGapMs: number | undefined;
}

/** What a slice has become, and when its windows were with the engine. */
interface Slice {
  readonly windows: ScoredWindows;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

type Submit = (work: BatchWork) => Promise<BatchResult>;

export class ScoringService {
  readonly batcher: Batcher;
  readonly #observer: ScoringObserver | undefined;

  constructor(batcher: Batcher, observer?: ScoringObserver) {
    this.batcher = batcher;
    this.#observer = observer;
  }

  /**
   * Scores windows, admitted whole or not at all.
   *
   * Throws UNSUPPORTED_BY_MODEL where the model lacks what is asked for, and what `Batcher.submit` throws. The
   * caller holds a lease of the model until this settles.
   */
  async scoreWindows(model: ScorableModel, request: WindowsRequest): Promise<WindowsResult> {
    const judge = chooseJudge(model, request.scorer, request.threshold);
    const include = chooseIncludes(model, request.include);
    const submittedAtMs = this.batcher.now();
    const { count } = request;
    const slices =
      count <= windowsOfSlice(model)
        ? [await this.#run(model, judge, request, request, (work) => this.batcher.submit(work))]
        : await this.#runInParts(model, judge, request);
    const { threshold } = judge;
    const parts = slices.map(({ windows }) => windows);
    return { model, threshold, include, count, parts, ...this.#time(model, submittedAtMs, slices) };
  }

  /**
   * Scores a series: windows every `stride` rows that cross no gap, fed to the queue as it has room, and for each
   * timestep the mean score of the windows that cover it.
   *
   * Throws as `scoreWindows` does, but never for want of room.
   */
  async scoreSeries(model: ScorableModel, request: SeriesRequest): Promise<SeriesResult> {
    const judge = chooseJudge(model, request.scorer, request.threshold);
    const { timesteps, features, minCoverage } = model.scoring;
    const { rows, readings } = request;
    const submittedAtMs = this.batcher.now();
    const starts = windowStarts(rows, timesteps, request.stride, request);
    const featureError = new Float64Array(starts.length * features);
    const scores = new Stitcher(rows, timesteps);
    const coverage = new Stitcher(rows, timesteps);
    const client = new RequestClient(request.client);
    const most = Math.min(windowsOfSlice(model), this.batcher.maxBatchWindows, this.batcher.maxQueueWindows);
    const tasks = slicesOf(starts.length, most).map(({ from, count }) => () => {
      const slice = cutWindows(readings, features, starts.subarray(from, from + count), timesteps);
      return this.#run(model, judge, { readings: slice, count }, { ...request, client }, (work) =>
        this.batcher.submitWhenRoom(work),
      );
    });
    const times: Omit<Slice, "windows">[] = [];
    let done = 0;
    try {
      for await (const { windows, startedAtMs, endedAtMs } of inOrder(tasks, SERIES_SLICES)) {
        const part = starts.subarray(done, done + windows.scores.count);
        scores.add(windows.scores.score, part);
        coverage.add(windows.scores.coverage, part);
        featureError.set(windows.scores.featureError, done * features);
        done += part.length;
        times.push({ startedAtMs, endedAtMs });
      }
    } catch (error) {
      client.fail();
      throw error;
    }
    const score = scores.means();
    return {
      model,
      threshold: judge.threshold,
      rows,
      score,
      anomalous: judgeScores(score, coverage.means(), judge.threshold?.timestepValue, minCoverage),
      sample: judge.calibration?.timesteps,
      windows: {
        starts,
        timesteps,
        featureError,
        featureNames: model.manifest.features.map(({ name }) => name),
      },
      ...this.#time(model, submittedAtMs, times),
    };
  }

  /** The slices of a large request, in order. */
  async #runInParts(model: ScorableModel, judge: Judge, request: WindowsRequest): Promise<Slice[]> {
    const { readings, count } = request;
    const size = model.scoring.timesteps * model.scoring.features;
    const client = new RequestClient(request.client);
    const place = this.batcher.reserve(count);
    const tasks = slicesOf(count, windowsOfSlice(model)).map(({ from, count }) => () => {
      const slice = readings.subarray(from * size, (from + count) * size);
      return this.#run(model, judge, { readings: slice, count }, { ...request, client }, place.submit);
    });
    const slices: Slice[] = [];
    try {
      for await (const slice of inOrder(tasks, tasks.length)) slices.push(slice);
    } catch (error) {
      client.fail();
      throw error;
    } finally {
      place.release();
    }
    return slices;
  }

  async #run(
    model: ScorableModel,
    judge: Judge,
    { readings, count }: { readonly readings: Float64Array; readonly count: number },
    { deadlineAtMs, client, arrays = OWN_ARRAYS }: ScoringRequest & Pick<WindowsRequest, "arrays">,
    submit: Submit,
  ): Promise<Slice> {
    const { scoring } = model;
    const prepared = prepareWindows(scoring, readings, count, arrays);
    const work = { target: model, windows: prepared.scaled, count, deadlineAtMs, client };
    const { outputs, startedAtMs, endedAtMs } = await submit(work);
    const scores = scoreWindows(scoring, judge.scorer, prepared, outputs, 0, count, arrays);
    const windows = { outputs, scores, ...judgeWindows(judge, scores, scoring.minCoverage, arrays) };
    this.#observer?.scored(model, windows);
    return { windows, startedAtMs, endedAtMs };
  }

  #time(model: ScorableModel, submittedAtMs: number, slices: readonly Omit<Slice, "windows">[]): Timing {
    let startedAtMs = Number.POSITIVE_INFINITY;
    let endedAtMs = submittedAtMs;
    for (const slice of slices) {
      startedAtMs = Math.min(startedAtMs, slice.startedAtMs);
      endedAtMs = Math.max(endedAtMs, slice.endedAtMs);
    }
    if (slices.length === 0) startedAtMs = submittedAtMs;
    const queueMs = startedAtMs - submittedAtMs;
    this.#observer?.waited(model, queueMs);
    return { queueMs, computeMs: endedAtMs - startedAtMs };
  }
}
