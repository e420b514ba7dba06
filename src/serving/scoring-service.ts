/**
 * The use case: a validated request and a live version to scores with their verdicts. It knows no HTTP; the native
 * routes and the Open Inference Protocol are answered by the same object.
 *
 *   readings -> scaled -> batcher -> outputs -> errors, scores -> p-values, verdicts
 */
import { ResiduaError } from "../errors.js";
import type { ScorerName } from "../registry/manifest.js";
import { prepareWindows, scoreWindows } from "../scoring/window-scoring.js";
import type { Batcher } from "./batcher.js";
import type { Includable, ScorableModel, WindowsResult } from "./score-result.js";
import { chooseJudge, judgeWindows, type RequestedThreshold } from "./verdict.js";

export interface ScoringObserver {
  scored(result: WindowsResult): void;
}

export interface WindowsRequest {
  /** [count, T, F] in the caller's units, NaN = missing. */
  readonly readings: Float64Array;
  readonly count: number;
  readonly include: readonly Includable[] | undefined;
  readonly scorer: ScorerName | undefined;
  readonly threshold: RequestedThreshold | undefined;
  /** On the batcher's clock. */
  readonly deadlineAtMs?: number | undefined;
  /** Who waits for the answer. */
  readonly client?: { readonly destroyed: boolean } | undefined;
}

export class ScoringService {
  readonly batcher: Batcher;
  readonly #observer: ScoringObserver | undefined;
  readonly #defaultIncludes = new WeakMap<ScorableModel, ReadonlySet<Includable>>();

  constructor(batcher: Batcher, observer?: ScoringObserver) {
    this.batcher = batcher;
    this.#observer = observer;
  }

  /**
   * Throws UNSUPPORTED_BY_MODEL where the model lacks what is asked for, and what `Batcher.submit` throws. The
   * caller holds a lease of the model until this settles.
   */
  async scoreWindows(model: ScorableModel, request: WindowsRequest): Promise<WindowsResult> {
    const judge = chooseJudge(model, request.scorer, request.threshold);
    const include = this.#include(model, request.include);
    const prepared = prepareWindows(model.scoring, request.readings, request.count);
    const { outputs, queueMs, computeMs } = await this.batcher.submit({
      target: model,
      windows: prepared.scaled,
      count: prepared.count,
      deadlineAtMs: request.deadlineAtMs,
      client: request.client,
    });
    const scores = scoreWindows(model.scoring, judge.scorer, prepared, outputs);
    const verdicts = judgeWindows(judge, scores, model.scoring.minCoverage);
    const result: WindowsResult = {
      model,
      threshold: judge.threshold,
      include,
      prepared,
      outputs,
      scores,
      pValue: verdicts.pValue,
      anomalous: verdicts.anomalous,
      queueMs,
      computeMs,
    };
    this.#observer?.scored(result);
    return result;
  }

  #include(model: ScorableModel, asked: readonly Includable[] | undefined): ReadonlySet<Includable> {
    const heads = model.scoring.heads.map((head) => head.name as Includable);
    if (asked === undefined) {
      let include = this.#defaultIncludes.get(model);
      if (include === undefined) {
        include = new Set<Includable>(["timestepError", ...heads]);
        this.#defaultIncludes.set(model, include);
      }
      return include;
    }
    const missing = asked.findIndex(
      (name) => (name === "reconstruction" || name === "prediction") && !heads.includes(name),
    );
    if (missing >= 0) {
      throw new ResiduaError(
        "UNSUPPORTED_BY_MODEL",
        `${model.name} ${model.version} has no ${asked[missing]} head; it has ${heads.join(", ")}.`,
        { violations: [{ path: `/include/${missing}`, message: `has to be one the model has` }] },
      );
    }
    return new Set(asked);
  }
}
