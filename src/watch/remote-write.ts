/** Writes scores to Prometheus, or to any receiver of its remote-write protocol, version 1.0. */
import { InputError } from "../errors.js";
import { call, excerpt } from "./http-call.js";
import { loadEncoder, type TimeSeries } from "./remote-write-library.js";
import type { ScoredRow } from "./watch-state.js";

export interface RemoteWriteOptions {
  readonly url: string;
  /** The value of the header Authorization. */
  readonly authorization: string | undefined;
  readonly model: string;
  /** [F] */
  readonly features: readonly string[];
  /** Further labels of every series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The rows that a receiver would not take, and what it said. */
export interface RefusedRows {
  readonly rows: readonly ScoredRow[];
  readonly reason: string;
}

const HEADERS = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};

export class RemoteWriter {
  readonly #options: RemoteWriteOptions;
  readonly #encode = loadEncoder();

  /** @throws InputError where the packages for it are not installed. */
  constructor(options: RemoteWriteOptions) {
    this.#options = options;
  }

  /**
   * Writes rows, in order of time. A receiver that refuses one of them refuses them all: then they are sent one by one,
   * so that those it has already, or that are too old for it, do not keep the others out.
   *
   * @returns the rows that were refused, where there are any.
   * @throws LaterError where the receiver does not take them now; InputError where it is none.
   */
  async write(rows: readonly ScoredRow[], signal: AbortSignal): Promise<RefusedRows | undefined> {
    const refusal = await this.#send(rows, signal);
    if (refusal === undefined) return undefined;
    if (rows.length === 1) return { rows, reason: refusal };
    const refused: ScoredRow[] = [];
    let reason = "";
    for (const row of rows) {
      const own = await this.#send([row], signal);
      if (own === undefined) continue;
      refused.push(row);
      reason ||= own;
    }
    return refused.length === 0 ? undefined : { rows: refused, reason };
  }

  /** @returns why the rows are refused for good; undefined where they are written. */
  async #send(rows: readonly ScoredRow[], signal: AbortSignal): Promise<string | undefined> {
    const { url, authorization } = this.#options;
    const series = timeSeries(rows, this.#options);
    if (series.length === 0) return undefined;
    const { status, text } = await call(url, {
      who: "The receiver of scores",
      method: "POST",
      headers: authorization === undefined ? HEADERS : { ...HEADERS, authorization },
      body: this.#encode(series),
      signal,
    });
    if (status >= 200 && status < 300) return undefined;
    if (status === 400) return text.trim() === "" ? "400" : text.trim().slice(0, 300);
    if (status === 404 || status === 405) {
      throw new InputError(
        `No scores can be written to ${url}, which answers ${status}: start Prometheus with --web.enable-remote-write-receiver, or name --write off.`,
      );
    }
    if (status === 401 || status === 403) {
      throw new InputError(
        `Scores may not be written to ${url} without the right RESIDUA_REMOTE_WRITE_AUTHORIZATION (it answers ${status}).`,
      );
    }
    throw new InputError(`Scores are refused at ${url} with ${status}${excerpt(text)}.`);
  }
}

/** The series of some rows: score, threshold, verdict, and for each feature its bounds; none of what is null. */
export function timeSeries(
  rows: readonly ScoredRow[],
  { model, features, labels }: Pick<RemoteWriteOptions, "model" | "features" | "labels">,
): TimeSeries[] {
  const found: TimeSeries[] = [];
  const add = (
    name: string,
    own: Readonly<Record<string, string>>,
    read: (row: ScoredRow) => number | null | undefined,
  ): void => {
    const samples = rows.flatMap((row) => {
      const value = read(row);
      return value == null ? [] : [{ value, timestamp: row.ms }];
    });
    if (samples.length === 0) return;
    const all = Object.entries({ ...labels, __name__: name, model, ...own });
    // As the specification has it: in the order of the bytes.
    const sorted = all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, value]) => ({ name: label, value }));
    found.push({ labels: sorted, samples });
  };
  add("residua_score", {}, ({ score }) => score);
  add("residua_threshold", {}, ({ threshold }) => threshold);
  add("residua_anomalous", {}, ({ anomalous }) => (anomalous === null ? null : Number(anomalous)));
  for (const [at, feature] of features.entries()) {
    add("residua_lower", { feature }, ({ lower }) => lower?.[at]);
    add("residua_upper", { feature }, ({ upper }) => upper?.[at]);
  }
  return found;
}
