/** A series and its scores as arrays, by row; the form that pictures and verdicts are made from. */
import { lowerBound } from "../scoring/lower-bound.js";
import type { ArrowTable } from "./arrow-stream.js";
import type { Drift, ReadingsAnswer, ScoredBy, SeriesThreshold, ServiceEvent } from "./service-types.js";

/** Readings that are to be scored, or were. */
export interface SeriesRows {
  /** What they are from, for people: a file's name, or whose sample. */
  readonly name: string;
  readonly features: readonly string[];
  readonly rows: number;
  /** [rows], epoch milliseconds, not decreasing; undefined where no time is known. */
  readonly timesMs: Float64Array | undefined;
  /** A longer step is a gap. */
  readonly maxGapMs: number | undefined;
  /** [F][rows]; NaN where a reading is missing. */
  readonly readings: readonly Float64Array[];
  /** Sentences on how the file was read. */
  readonly notes: readonly string[];
}

/** What the service said about the rows. */
export interface SeriesScores {
  readonly model: ScoredBy;
  readonly threshold: SeriesThreshold | null;
  /** [rows]; NaN where there is none. */
  readonly score: Float64Array;
  readonly pValue: Float64Array;
  /** [rows]: 1 anomalous, 0 not, -1 no verdict. */
  readonly anomalous: Int8Array;
  /** [rows] */
  readonly timestepError: Float64Array;
  /** [F][rows]; undefined where the model has no head for them. */
  readonly featureError: readonly Float32Array[] | undefined;
  readonly reconstruction: readonly Float64Array[] | undefined;
  readonly events: readonly ServiceEvent[];
  readonly drift: Drift | null;
  readonly notes: readonly string[];
}

/** The series of a file. @param name of the file. */
export function rowsOfFile(name: string, answer: ReadingsAnswer): SeriesRows[] {
  return answer.series.map(({ group, rows, timestamps, readings }) => ({
    name: group === null ? name : `${name}, ${group}`,
    features: answer.features,
    rows,
    timesMs: timestamps === null ? undefined : Float64Array.from(timestamps),
    maxGapMs: answer.maxGapMs ?? undefined,
    readings: readings.map(numbersOf),
    notes: answer.notes,
  }));
}

/** The windows of a model's sample one after the other, or its series. @param body as `POST .../score` takes it. */
export function rowsOfSample(name: string, features: readonly string[], body: unknown): SeriesRows {
  const {
    windows = [],
    series = windows.flat(),
    timestamps,
    timeUnit,
  } = body as {
    readonly windows?: readonly (readonly (number | null)[])[][];
    readonly series?: readonly (readonly (number | null)[])[];
    readonly timestamps?: readonly (number | string)[];
    readonly timeUnit?: string;
  };
  const readings = features.map((_, feature) =>
    Float64Array.from(series, (row) => row[feature] ?? Number.NaN),
  );
  return {
    name,
    features,
    rows: series.length,
    timesMs:
      timestamps !== undefined && timeUnit === "ms" ? Float64Array.from(timestamps, Number) : undefined,
    maxGapMs: undefined,
    readings,
    notes: [],
  };
}

/** The body of a score request for rows, in pieces that are joined: one string would be too long for a long series. */
export function* scoreRequestText(series: SeriesRows, include: readonly string[]): Generator<string, void> {
  const { rows, readings, timesMs, maxGapMs } = series;
  yield `{"include":${JSON.stringify(include)}`;
  // Times of a file may stand still, which a request must not: then its rows alone are sent.
  if (timesMs !== undefined && isIncreasing(timesMs)) {
    yield `,"timestamps":[${timesMs.join(",")}]`;
    if (maxGapMs !== undefined) yield `,"maxGapMs":${maxGapMs}`;
  }
  yield ',"series":[';
  for (let from = 0; from < rows; from += ROWS_OF_PIECE) {
    const lines: string[] = [];
    for (let row = from; row < Math.min(rows, from + ROWS_OF_PIECE); row++) {
      lines.push(JSON.stringify(readings.map((column) => column[row]!)));
    }
    yield (from === 0 ? "" : ",") + lines.join(",");
  }
  yield "]}";
}

const ROWS_OF_PIECE = 8192;

function isIncreasing(times: Float64Array): boolean {
  for (let row = 1; row < times.length; row++) if (!(times[row]! > times[row - 1]!)) return false;
  return true;
}

/** The columns of an answer before those of features. */
const OWN_COLUMNS = 4;

/**
 * The answer to a series as an Arrow stream.
 *
 * @param features of the model, in its order.
 * @param head whose output stands for the reconstruction.
 */
export function scoresOfAnswer(
  table: ArrowTable,
  features: readonly string[],
  head: "reconstruction" | "prediction",
): SeriesScores {
  const about = JSON.parse(table.metadata.get("residua")!) as Pick<SeriesScores, "model" | "threshold">;
  const [score, pValue, anomalous, timestepError] = table.columns;
  // A feature may be called as one of the first columns is.
  const others = new Map(
    table.columns.slice(OWN_COLUMNS).map(({ name, values }) => [name, values as Float64Array]),
  );
  const byFeature = (suffix: string): Float64Array[] | undefined => {
    const found = features.flatMap((name) => others.get(`${name}${suffix}`) ?? []);
    return found.length === features.length ? found : undefined;
  };
  const fact = <T>(name: string, otherwise: T): T =>
    table.metadata.has(name) ? (JSON.parse(table.metadata.get(name)!) as T) : otherwise;
  return {
    ...about,
    score: score!.values as Float64Array,
    pValue: pValue!.values as Float64Array,
    anomalous: anomalous!.values as Int8Array,
    timestepError: timestepError!.values as Float64Array,
    featureError: byFeature(".error")?.map((column) => Float32Array.from(column)),
    reconstruction: byFeature(head === "reconstruction" ? "" : `.${head}`),
    events: fact("events", []),
    drift: fact("drift", null),
    notes: fact("notes", []),
  };
}

function numbersOf(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? Number.NaN);
}

/** The row whose time is nearest to a time, in a series without times the row itself. */
export function rowAt({ timesMs, rows }: Pick<SeriesRows, "timesMs" | "rows">, place: number): number {
  if (timesMs === undefined) return Math.min(rows - 1, Math.max(0, Math.round(place)));
  const next = Math.min(lowerBound(timesMs, place), rows - 1);
  const isBeforeNearer = next > 0 && place - timesMs[next - 1]! < timesMs[next]! - place;
  return isBeforeNearer ? next - 1 : next;
}
