/**
 * Scores a validated request on a live version: scores with p-values and verdicts. It knows nothing of HTTP;
 * the native routes and the Open Inference Protocol use the same object.
 *
 *   readings -> slices of windows -> scaled -> batcher -> outputs -> errors, scores -> p-values, verdicts
 *
 * A slice is a number of consecutive windows that are submitted together. Most requests are one slice; larger
 * ones are cut, so that the work on a slice delays other requests by milliseconds only.
 */
import { type Arena, ArenaPool, type Arrays, OWN_ARRAYS } from "../scoring/arrays.js";
import type { Drift } from "../scoring/drift-decision.js";
import { type PreparedWindows, prepareWindows, scoreWindows } from "../scoring/window-scoring.js";
import type { BatchResult, BatchWork } from "./batch-job.js";
import type { Reservation } from "./batch-queue.js";
import type { Batcher } from "./batcher.js";
import { inOrder } from "./in-order.js";
import { RequestClient, slicesOf, windowsOfSlice } from "./request-slices.js";
import type { ScorableModel, ScoredWindows, Timing, WindowsResult } from "./score-result.js";
import type { ScoringRequest, SeriesRequest, WindowsRequest } from "./scoring-request.js";
import { chooseSeriesJudge } from "./series-judge.js";
import { SeriesScoring } from "./series-scoring.js";
import { SeriesStream } from "./series-stream.js";
import { refuseWithoutTimes } from "./untimed-windows.js";
import { chooseJudge, type Judge, judgeWindows } from "./verdict.js";

/** How many batches of a series are queued or run at once: the rest of the queue is for others. */
const SERIES_BATCHES = 4;

export interface ScoringObserver {
  scored(model: ScorableModel, windows: ScoredWindows): void;
  waited(model: ScorableModel, ms: number): void;
  /** A series was scored, with enough rows to say whether the normal level has moved. */
  drifted(model: ScorableModel, drift: Drift): void;
}

/** A slice that was scored, and when its windows were with the engine. */
interface Slice {
  readonly prepared: PreparedWindows;
  readonly windows: ScoredWindows;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * The readings of windows: [count, T, F], or those of a series [rows, F] in which window i begins at row
 * `starts[i]`.
 */
interface Windows {
  readonly readings: Float64Array;
  readonly count: number;
  readonly starts?: Int32Array;
  /** [rows], of a series. */
  readonly timestampsMs?: Float64Array | undefined;
}

type Submit = (work: BatchWork) => Promise<BatchResult>;

export class ScoringService {
  readonly batcher: Batcher;
  readonly #observer: ScoringObserver | undefined;
  /** Memory for the arrays of requests; callers may take those of a `WindowsRequest` from it too. */
  readonly arenas = new ArenaPool();

  constructor(batcher: Batcher, observer?: ScoringObserver) {
    this.batcher = batcher;
    this.#observer = observer;
  }

  /**
   * Scores windows, which are admitted to the queue as a whole or not at all.
   *
   * The caller holds a lease of the model until the result settles. The result rejects as `Batcher.submit`
   * says. Some of the windows may then still be with the engine: the arrays of the request must not be used
   * again.
   *
   * @throws ResiduaError at once, with nothing submitted: UNSUPPORTED_BY_MODEL for a scorer or threshold that
   *   the model does not have, and for a model that reads the calendar; TOO_MANY_WINDOWS, QUEUE_FULL.
   */
  scoreWindows(model: ScorableModel, request: WindowsRequest): Promise<WindowsResult> {
    refuseWithoutTimes(model);
    const judge = chooseJudge(model, request.scorer, request.threshold);
    const submittedAtMs = this.batcher.now();
    const slices =
      request.count <= windowsOfSlice(model)
        ? this.#run(model, judge, request, request, (work) => this.batcher.submit(work)).then(asList)
        : this.#runSlices(model, judge, request, this.batcher.reserve(request.count, request.client));
    return this.#windowsResult(model, judge, submittedAtMs, slices);
  }

  async #windowsResult(
    model: ScorableModel,
    { threshold }: Judge,
    submittedAtMs: number,
    scored: Promise<readonly Slice[]>,
  ): Promise<WindowsResult> {
    const all = await scored;
    const slices = all.map(({ windows }) => windows);
    const count = slices.reduce((sum, { scores }) => sum + scores.count, 0);
    return { model, threshold, count, slices, ...this.#time(model, submittedAtMs, all) };
  }

  /**
   * Scores a series: its windows, which are submitted as the queue has room, and for each timestep the mean
   * score of the windows that cover it.
   *
   * The caller holds a lease of the model, and leaves the readings as they are, until the result settles.
   *
   * @throws ResiduaError as `chooseSeriesJudge` and `SeriesStream`.
   */
  scoreSeries(model: ScorableModel, request: SeriesRequest): SeriesScoring {
    const judge = chooseSeriesJudge(model, request.scorer, request.threshold);
    const stream =
      request.stream === undefined ? undefined : new SeriesStream(model, judge, request.stream, request);
    const { readings, rows, timestampsMs, starts, stride } = stream ?? request;
    const all = { ...request, readings, rows, timestampsMs, starts, stride };
    const series = new SeriesScoring(model, judge, all, stream);
    void this.#runSeries(series, model, judge.windows, all);
    if (this.#observer !== undefined) void this.#noteDrift(series, this.#observer);
    return series;
  }

  async #noteDrift(series: SeriesScoring, observer: ScoringObserver): Promise<void> {
    const result = await series.result.catch(() => undefined);
    if (result !== undefined && result.drift !== null) observer.drifted(result.model, result.drift);
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
      const some = { ...request, count: starts.length, starts };
      const arrays = this.arenas.take();
      const slice = await this.#run(model, judge, some, { ...request, client, arrays }, (work) =>
        this.batcher.submitWhenRoom(work),
      );
      return { ...slice, arrays };
    };
    const time = { startedAtMs: Number.POSITIVE_INFINITY, endedAtMs: submittedAtMs };
    try {
      await series.begin();
      for await (const slice of inOrder(series.slices(windows), run, slices)) {
        await series.add(slice.windows, slice.prepared, () => this.arenas.give(slice.arrays));
        time.startedAtMs = Math.min(time.startedAtMs, slice.startedAtMs);
        time.endedAtMs = Math.max(time.endedAtMs, slice.endedAtMs);
      }
      await series.end(this.#time(model, submittedAtMs, [time]));
    } catch (error) {
      client.fail();
      series.fail(error);
    }
  }

  /**
   * How many windows a slice of a series has, at most what one engine run takes, and how many slices run at
   * once.
   */
  #seriesSlices(model: ScorableModel): { windows: number; slices: number } {
    const { maxBatchWindows, maxQueueWindows } = this.batcher;
    const most = Math.min(windowsOfSlice(model), maxBatchWindows, maxQueueWindows);
    const windows = Math.min(most, model.executable.efficientWindows ?? most);
    return { windows, slices: Math.ceil((SERIES_BATCHES * most) / windows) };
  }

  /**
   * Runs a large request slice by slice, in order.
   *
   * @param place its room in the queue, given up at the end.
   */
  async #runSlices(
    model: ScorableModel,
    judge: Judge,
    request: WindowsRequest,
    place: Reservation,
  ): Promise<Slice[]> {
    const { readings, count } = request;
    const size = model.scoring.timesteps * model.scoring.features;
    const client = new RequestClient(request.client);
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

  /** Scales a slice and submits it. @throws what `submit` throws, at once. */
  #run(
    model: ScorableModel,
    judge: Judge,
    { readings, count, starts, timestampsMs }: Windows,
    { deadlineAtMs, client, arrays = OWN_ARRAYS }: ScoringRequest & Pick<WindowsRequest, "arrays">,
    submit: Submit,
  ): Promise<Slice> {
    const prepared = prepareWindows(model.scoring, readings, count, arrays, starts, timestampsMs);
    const result = submit({ target: model, windows: prepared.inputs, count, deadlineAtMs, client });
    return this.#score(model, judge, prepared, result, arrays);
  }

  async #score(
    model: ScorableModel,
    judge: Judge,
    prepared: PreparedWindows,
    result: Promise<BatchResult>,
    arrays: Arrays,
  ): Promise<Slice> {
    const { outputs, startedAtMs, endedAtMs } = await result;
    const { scoring } = model;
    const scores = scoreWindows(scoring, judge.scorer, prepared, outputs, { arrays });
    const windows = { outputs, scores, ...judgeWindows(judge, scores, scoring.minCoverage, arrays) };
    this.#observer?.scored(model, windows);
    return { prepared, windows, startedAtMs, endedAtMs };
  }

  #time(
    model: ScorableModel,
    submittedAtMs: number,
    slices: readonly Pick<Slice, "startedAtMs" | "endedAtMs">[],
  ): Timing {
    let startedAtMs = Number.POSITIVE_INFINITY;
    let endedAtMs = submittedAtMs;
    for (const slice of slices) {
      startedAtMs = Math.min(startedAtMs, slice.startedAtMs);
      endedAtMs = Math.max(endedAtMs, slice.endedAtMs);
    }
    // A series with a gap in every stretch of T rows has no window.
    if (startedAtMs === Number.POSITIVE_INFINITY) startedAtMs = submittedAtMs;
    const queueMs = startedAtMs - submittedAtMs;
    this.#observer?.waited(model, queueMs);
    return { queueMs, computeMs: endedAtMs - startedAtMs };
  }
}

function asList(slice: Slice): Slice[] {
  return [slice];
}
