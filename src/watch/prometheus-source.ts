/** Readings from the HTTP API of Prometheus, one query a feature. */
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { InputError } from "../errors.js";
import { call, excerpt, parseAnswer } from "./http-call.js";

/** Where the readings of a feature come from. */
export interface FeatureQuery {
  readonly feature: string;
  readonly promql: string;
}

/** One timestep. */
export interface Row {
  /** Milliseconds since 1970, a multiple of the step. */
  readonly ms: number;
  /** [F], in the order of the queries; null = missing. */
  readonly readings: readonly (number | null)[];
}

/** The times to read: from, from + step, ..., to. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

export interface PrometheusOptions {
  /** With a path where the API is under one, without a slash at the end. */
  readonly url: string;
  readonly queries: readonly FeatureQuery[];
  /** The value of the header Authorization. */
  readonly authorization: string | undefined;
}

const WHO = "Prometheus";
/** Series that a message names. */
const NAMED_SERIES = 5;

const Point = Type.Tuple([Type.Number(), Type.String()]);
const ScalarSchema = Type.Object({
  data: Type.Object({ resultType: Type.Literal("scalar"), result: Point }),
});
const MatrixSchema = Type.Object({
  data: Type.Object({
    resultType: Type.Literal("matrix"),
    result: Type.Array(
      Type.Object({
        metric: Type.Record(Type.String(), Type.String()),
        // A native histogram has `histograms` instead.
        values: Type.Optional(Type.Array(Point)),
      }),
    ),
  }),
});
type Series = Static<typeof MatrixSchema>["data"]["result"][number];
const scalarCheck = TypeCompiler.Compile(ScalarSchema);
const matrixCheck = TypeCompiler.Compile(MatrixSchema);

export class PrometheusSource {
  readonly #options: PrometheusOptions;

  constructor(options: PrometheusOptions) {
    this.#options = options;
  }

  /** What time it is for Prometheus, in ms since 1970. Rows are cut by its clock alone. @throws as `call` does. */
  async nowMs(signal: AbortSignal): Promise<number> {
    const answer = await this.#ask("/api/v1/query", { query: "time()" }, "The query time()", signal);
    if (!scalarCheck.Check(answer)) throw this.#odd();
    const [, seconds] = answer.data.result;
    return Math.round(Number(seconds) * 1000);
  }

  /**
   * The rows of a range, in order of time, without those at which no feature has a reading. NaN and infinities are
   * missing readings.
   *
   * @throws InputError where a query is refused or gives several series; LaterError.
   */
  async readRows(range: TimeRange, signal: AbortSignal): Promise<Row[]> {
    const { fromMs, toMs, stepMs } = range;
    if (toMs < fromMs) return [];
    const { queries } = this.#options;
    const count = Math.floor((toMs - fromMs) / stepMs) + 1;
    const readings = Array.from({ length: count }, () => new Array<number | null>(queries.length).fill(null));
    for (const [feature, query] of queries.entries()) {
      for (const [seconds, text] of await this.#readFeature(query, range, signal)) {
        const row = readings[(Math.round(seconds * 1000) - fromMs) / stepMs];
        const value = Number(text);
        if (row !== undefined && Number.isFinite(value) && text !== "") row[feature] = value;
      }
    }
    return readings.flatMap((row, at) =>
      row.every((value) => value === null) ? [] : [{ ms: fromMs + at * stepMs, readings: row }],
    );
  }

  async #readFeature(
    { feature, promql }: FeatureQuery,
    { fromMs, toMs, stepMs }: TimeRange,
    signal: AbortSignal,
  ): Promise<readonly Static<typeof Point>[]> {
    const parameters = {
      query: promql,
      start: String(fromMs / 1000),
      end: String(toMs / 1000),
      step: String(stepMs / 1000),
    };
    const what = `The query of feature "${feature}"`;
    const answer = await this.#ask("/api/v1/query_range", parameters, what, signal);
    if (!matrixCheck.Check(answer)) throw this.#odd();
    const { result } = answer.data;
    if (result.length > 1) throw severalSeries(what, result);
    const [series] = result;
    if (series !== undefined && series.values === undefined) {
      throw new InputError(`${what} gives histograms; it has to give numbers, as histogram_quantile does.`);
    }
    return series?.values ?? [];
  }

  async #ask(
    path: string,
    parameters: Record<string, string>,
    what: string,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { url, authorization } = this.#options;
    const { status, text } = await call(url + path, {
      who: WHO,
      method: "POST",
      headers: authorization === undefined ? {} : { authorization },
      body: new URLSearchParams(parameters),
      signal,
    });
    if (status === 200) return parseAnswer(text);
    if (status === 401 || status === 403) {
      throw new InputError(
        `Prometheus lets nobody in without the right RESIDUA_PROMETHEUS_AUTHORIZATION, such as "Bearer TOKEN" (it answers ${status}).`,
      );
    }
    const { error } = (parseAnswer(text) ?? {}) as { error?: unknown };
    if (typeof error === "string") throw new InputError(`${what} is refused by Prometheus${excerpt(error)}.`);
    throw new InputError(`There is no API of Prometheus at ${url}: ${path} answers ${status}.`);
  }

  #odd(): InputError {
    return new InputError(`What answers at ${this.#options.url} is not the API of Prometheus.`);
  }
}

function severalSeries(what: string, series: readonly Series[]): InputError {
  const names = series.slice(0, NAMED_SERIES).map(({ metric }) => {
    const { __name__: name = "", ...labels } = metric;
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return `${name}{${pairs.join(", ")}}`;
  });
  const more = series.length > names.length ? ", ..." : "";
  return new InputError(
    `${what} gives ${series.length} series, and one is needed: ${names.join(", ")}${more}. Choose one by its labels, or aggregate them, as with avg(...).`,
  );
}
