/**
 * The use case: a validated request and a live version to scores with their verdicts. It knows no HTTP; the native
 * routes and the Open Inference Protocol are answered by the same object.
 *
 *   readings -> slices of windows -> scaled -> batcher -> outputs -> errors, scores -> p-values, verdicts
 *
 * Most requests are one slice. Larger ones are cut, so that no slice holds up the event loop for long.
 */
import { type Arena, ArenaPool, OWN_ARRAYS } from "../scoring/arrays.js";
import { prepareWindows, scoreWindows } from "../scoring/window-scoring.js";
import type { BatchResult, BatchWork } from "./batch-job.js";
import type { Batcher } from "./batcher.js";
import { inOrder } from "./in-order.js";
import { chooseIncludes } from "./include.js";
import { RequestClient, slicesOf, windowsOfSlice } from "./request-slices.js";
import type { ScorableModel, ScoredWindows, Timing, WindowsResult } from "./score-result.js";
import type { ScoringRequest, SeriesRequest, WindowsRequest } from "./scoring-request.js";
import { SeriesScoring } from "./series-scoring.js";
import { chooseJudge, type Judge, judgeWindows } from "./verdict.js";

/** Batches of a series that are on their way at once: the queue is there for others too. */
const SERIES_BATCHES = 4;

export interface ScoringObserver {
  scored(model: ScorableModel, windows: ScoredWindows): void;
  waited(model: ScorableModel, ms: number): void;
}

/** What a slice has become, and when its windows were with the engine. */
interface Slice {
  readonly windows: ScoredWindows;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Windows one behind the other, or in a series from the rows `starts` on. */
interface Windows {
  readonly readings: Float64Array;
  readonly count: number;
  readonly starts?: Int32Array;
}

type Submit = (work: BatchWork) => Promise<BatchResult>;

export class ScoringService {
  readonly batcher: Batcher;
  readonly #observer: ScoringObserver | undefined;
  /** Also for the arrays of `WindowsRequest`. */
  readonly arenas = new ArenaPool();

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
   * Scores a series: its windows, fed to the queue as it has room, and for each timestep the mean score of the
   * windows that cover it.
   *
   * Throws as `scoreWindows` rejects, but never for want of room. The caller holds a lease of the model until the
   * result settles.
   */
  scoreSeries(model: ScorableModel, request: SeriesRequest): SeriesScoring {
    const judge = chooseJudge(model, request.scorer, request.threshold);
    const series = new SeriesScoring(model, judge, request);
    void this.#runSeries(series, model, judge, request);
    return series;
  }

  async #runSeries(
    series: SeriesScoring,
    model: ScorableModel,
    judge: Judge,
    request: SeriesRequest,
  ): Promise<void> {
    const submittedAtMs = this.batcher.now();
    const client = new RequestClient(request.client);
    const { windows, slices } = this.#seriesSlices(model);
    const run = async (starts: Int32Array): Promise<Slice & { readonly arrays: Arena }> => {
      const some = { readings: request.readings, count: starts.length, starts };
      const arrays = this.arenas.take();
      const slice = await this.#run(model, judge, some, { ...request, client, arrays }, (work) =>
        this.batcher.submitWhenRoom(work),
      );
      return { ...slice, arrays };
    };
    const time = { startedAtMs: Number.POSITIVE_INFINITY, endedAtMs: submittedAtMs };
    try {
      for await (const slice of inOrder(series.slices(windows), run, slices)) {
        series.add(slice.windows);
        this.arenas.give(slice.arrays);
        time.startedAtMs = Math.min(time.startedAtMs, slice.startedAtMs);
        time.endedAtMs = Math.max(time.endedAtMs, slice.endedAtMs);
      }
      series.end(this.#time(model, submittedAtMs, [time]));
    } catch (error) {
      client.fail();
      series.fail(error);
    }
  }

  /** Windows of a slice of a series, no more than the engine runs at once, and how many slices are on their way. */
  #seriesSlices(model: ScorableModel): { windows: number; slices: number } {
    const { maxBatchWindows, maxQueueWindows } = this.batcher;
    const most = Math.min(windowsOfSlice(model), maxBatchWindows, maxQueueWindows);
    const windows = Math.min(most, model.executable.efficientWindows ?? most);
    return { windows, slices: Math.ceil((SERIES_BATCHES * most) / windows) };
  }

  /** The slices of a large request, in order. */
  async #runInParts(model: ScorableModel, judge: Judge, request: WindowsRequest): Promise<Slice[]> {
    const { readings, count } = request;
    const size = model.scoring.timesteps * model.scoring.features;
    const client = new RequestClient(request.client);
    const place = this.batcher.reserve(count);
    const run = ({ from, count }: { from: number; count: number }): Promise<Slice> => {
      const slice = readings.subarray(from * size, (from + count) * size);
      return this.#run(model, judge, { readings: slice, count }, { ...request, client }, place.submit);
    };
    const all = slicesOf(count, windowsOfSlice(model));
    const slices: Slice[] = [];
    try {
      for await (const slice of inOrder(all, run, all.length)) slices.push(slice);
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
    { readings, count, starts }: Windows,
    { deadlineAtMs, client, arrays = OWN_ARRAYS }: ScoringRequest & Pick<WindowsRequest, "arrays">,
    submit: Submit,
  ): Promise<Slice> {
    const { scoring } = model;
    const prepared = prepareWindows(scoring, readings, count, arrays, starts);
    const work = { target: model, windows: prepared.scaled, count, deadlineAtMs, client };
    const { outputs, startedAtMs, endedAtMs } = await submit(work);
    const scores = scoreWindows(scoring, judge.scorer, prepared, outputs, { arrays });
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
    // A series of gaps has no window.
    if (startedAtMs === Number.POSITIVE_INFINITY) startedAtMs = submittedAtMs;
    const queueMs = startedAtMs - submittedAtMs;
    this.#observer?.waited(model, queueMs);
    return { queueMs, computeMs: endedAtMs - startedAtMs };
  }
}
