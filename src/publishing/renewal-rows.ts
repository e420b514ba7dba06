/** The rows of a renewal: which are faults, which are learnt from, and which are held out to compare with. */
import type { Dataset, Series } from "../data/dataset.js";
import { parseDateTime } from "../data/timestamp.js";
import { InputError } from "../errors.js";
import { array, object } from "../network/json-guards.js";

/**
 * The share of each series, its newest rows, that neither version learns from. What is compared on them is published as it
 * is: a network that was fitted once more, on all rows, would have no rows left to show that it is not worse.
 */
const HELD_OUT = 0.2;
/** Rows of a series are held out only where at least this many windows without a common row are left to learn from. */
const FEWEST_WINDOWS_LEARNT = 2;

/** An event as `score --events` writes it; one without a file is of the data that are renewed with. */
export interface ExcludedEvent {
  readonly file: string | undefined;
  readonly group: string | undefined;
  readonly rows: readonly [start: number, end: number] | undefined;
  readonly times: readonly [startMs: number, endMs: number] | undefined;
}

/**
 * Labels the rows of events as anomalous, beside those that are labelled already. An event of one of the files counts by
 * its rows; one of another file by its times, where it has any; one without a file by its times, else by its rows.
 *
 * @param events as `parseEvents` reads them.
 * @param onNote takes a sentence on events that fit nowhere.
 * @throws InputError where an event has rows alone, and there are several files.
 */
export function excludeEvents(
  dataset: Dataset,
  events: readonly ExcludedEvent[],
  onNote?: (sentence: string) => void,
): Dataset {
  const names = new Set(dataset.files.map(({ file }) => file));
  const used = new Set<ExcludedEvent>();
  const series = dataset.series.map((one): Series => {
    const anomalous = one.anomalous?.slice() ?? new Uint8Array(one.rows);
    for (const event of events) {
      if (event.group !== undefined && event.group !== one.group) continue;
      const covers = isOfTheseRows(event, names)
        ? (event.file ?? one.file) === one.file && coversRow(event, dataset, one)
        : coversTime(event, one, dataset);
      if (covers === false) continue;
      for (let row = 0; row < one.rows; row++) {
        if (!covers(row)) continue;
        anomalous[row] = 1;
        used.add(event);
      }
    }
    return { ...one, anomalous };
  });
  const unused = events.length - used.size;
  if (unused > 0) {
    onNote?.(
      `${unused} of ${events.length} events to exclude ${unused === 1 ? "covers" : "cover"} no row of these data: an event has to name rows of one of the files, or times within them.`,
    );
  }
  return { ...dataset, series };
}

function isOfTheseRows({ file, times }: ExcludedEvent, names: ReadonlySet<string>): boolean {
  if (file !== undefined) return names.has(file);
  if (times === undefined && names.size > 1) {
    throw new InputError(
      "An event to exclude has rows and no file, and there are several files: it has to name one of them.",
    );
  }
  return times === undefined;
}

function coversRow(
  { rows }: ExcludedEvent,
  dataset: Dataset,
  series: Series,
): false | ((row: number) => boolean) {
  if (rows === undefined) return false;
  const [start, end] = rows;
  const { firstRow } = dataset.files[series.fileIndex]!;
  return (row) => {
    const fileRow = firstRow + series.fileRows[row]!;
    return fileRow >= start && fileRow <= end;
  };
}

/** A row that was resampled is one of a span of time. */
function coversTime(
  { times }: ExcludedEvent,
  { timestampsMs }: Series,
  { resampling }: Dataset,
): false | ((row: number) => boolean) {
  if (times === undefined || timestampsMs === undefined) return false;
  const first =
    resampling === undefined ? times[0] : Math.floor(times[0] / resampling.stepMs) * resampling.stepMs;
  return (row) => timestampsMs[row]! >= first && timestampsMs[row]! <= times[1];
}

/**
 * Reads a list of events, or an object with one as `events`.
 * @throws InputError where it is not of the form that `score --events` writes, or that of an answer to a request.
 */
export function parseEvents(json: unknown): ExcludedEvent[] {
  const list = Array.isArray(json) ? json : object(json, "What has the events to exclude")["events"];
  return array(list, "events to exclude").map((value, index) => {
    const event = object(value, `Event ${index + 1}`);
    const { file, group, start, end, startTime, endTime } = event as Readonly<Record<string, unknown>> &
      Record<"file" | "group" | "start" | "end" | "startTime" | "endTime", unknown>;
    const [from, to] = [timeOf(startTime), timeOf(endTime)];
    const rows = isRow(start) && isRow(end) && end >= start ? ([start, end] as const) : undefined;
    const times = from === undefined || to === undefined ? undefined : ([from, to] as const);
    const isNamed = typeof file === "string";
    if ((file !== undefined && !isNamed) || (rows === undefined && (isNamed || times === undefined))) {
      throw new InputError(
        `Event ${index + 1} has to name its rows, {"start", "end"}, and its file where it is of one, as score --events writes them; or its times, {"startTime", "endTime"}.`,
      );
    }
    return { file, group: typeof group === "string" ? group : undefined, rows, times };
  });
}

function isRow(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === "string" ? parseDateTime(value) : undefined;
}

/** The rows of a data set, by what they are for. */
export interface RenewalRows {
  readonly learnt: Dataset;
  readonly heldOut: Dataset;
}

/**
 * Holds the newest fifth of each series out, with T-1 rows purged before it. A series that is too short for that is learnt
 * from whole.
 *
 * @param timesteps T
 * @throws InputError where no series is long enough.
 */
export function holdOut(dataset: Dataset, timesteps: number): RenewalRows {
  const learnt: Series[] = [];
  const heldOut: Series[] = [];
  for (const series of dataset.series) {
    const cut = Math.floor((1 - HELD_OUT) * series.rows);
    const end = cut - (timesteps - 1);
    if (series.rows - cut < timesteps || end < FEWEST_WINDOWS_LEARNT * timesteps) {
      learnt.push(series);
      continue;
    }
    learnt.push(sliceRows(series, 0, end));
    heldOut.push(sliceRows(series, cut, series.rows));
  }
  if (heldOut.length === 0) {
    const longest = dataset.series.reduce((most, { rows }) => Math.max(most, rows), 0);
    throw new InputError(
      `The longest series has ${longest} rows, too few to compare two versions: the newest fifth has to hold a window of ${timesteps}, so ${5 * timesteps} rows are needed.`,
    );
  }
  return { learnt: { ...dataset, series: learnt }, heldOut: { ...dataset, series: heldOut } };
}

function sliceRows(series: Series, from: number, to: number): Series {
  const features = series.values.length / series.rows;
  return {
    ...series,
    rows: to - from,
    values: series.values.subarray(from * features, to * features),
    timestampsMs: series.timestampsMs?.subarray(from, to),
    anomalous: series.anomalous?.subarray(from, to),
    fileRows: series.fileRows.subarray(from, to),
    spans: undefined,
  };
}
