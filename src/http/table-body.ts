/** A series whose body is CSV or JSON lines; its options stand in the query. */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { type ReadingManifest, readBodyTable } from "../data/body-table.js";
import { InputError, ResiduaError } from "../errors.js";
import { checkMembers } from "./json-body.js";
import type { WindowShape } from "./readings.js";
import { type SeriesOptions, SeriesOptionsSchema, TABLE_OPTIONS } from "./score-schema.js";
import { type SeriesBody, seriesBody } from "./series-body.js";

export type TableFormat = "csv" | "ndjson";

/** What the rows of a body are read with. */
export interface TableReading {
  readonly format: TableFormat;
  readonly options: SeriesOptions;
  /** The features, and the section `data` where there is one. */
  readonly manifest: ReadingManifest;
}

/** The format of a body by its Content-Type; undefined for JSON. */
export function tableFormat(contentType: string | undefined): TableFormat | undefined {
  // Nearly all are of this type: they need not wait for the rest.
  if (contentType === "application/json") return undefined;
  const [type] = (contentType ?? "").toLowerCase().split(/\s*;/);
  if (type === "text/csv") return "csv";
  return type === "application/x-ndjson" ? "ndjson" : undefined;
}

const checkOptions = TypeCompiler.Compile(SeriesOptionsSchema);
const NUMBERS: ReadonlySet<string> = new Set([
  "last",
  "stride",
  "maxGapMs",
  "threshold.falseAlarmRate",
  "threshold.value",
]);

type Query = Readonly<Record<string, unknown>>;

/**
 * The options in a query, as those of a JSON body.
 *
 * @throws ResiduaError INVALID_REQUEST for values that such a body may not have.
 */
export function queryOptions(query: Query): SeriesOptions {
  const options: Record<string, unknown> = {};
  const threshold: Record<string, unknown> = {};
  for (const name of TABLE_OPTIONS) {
    const text = query[name];
    if (typeof text !== "string") continue;
    let value: unknown = text;
    if (NUMBERS.has(name)) value = numberOf(text);
    if (name === "include") value = text === "" ? [] : text.split(",");
    const [member, inner] = name.split(".") as [string, string?];
    if (inner === undefined) options[member] = value;
    else threshold[inner] = value;
  }
  if (Object.keys(threshold).length > 0) options["threshold"] = threshold;
  return checkMembers(checkOptions, options, "query");
}

/** Text that is no number stays text, which the schema refuses. */
function numberOf(text: string): number | string {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** Refuses options in the query beside a JSON body. @throws ResiduaError INVALID_REQUEST */
export function refuseQueryOptions(query: Query): void {
  if (isEmpty(query)) return;
  const name = TABLE_OPTIONS.find((option) => query[option] !== undefined);
  if (name === undefined) return;
  throw new ResiduaError(
    "INVALID_REQUEST",
    `In the query, ${name} goes with a body of CSV or JSON lines; options of a JSON request are members of its body.`,
  );
}

function isEmpty(query: Query): boolean {
  for (const _ in query) return false;
  return true;
}

/** @throws ResiduaError INVALID_REQUEST, naming line and column; as `seriesBody`. */
export async function readTableBody(
  body: Uint8Array,
  { format, options, manifest }: TableReading,
  shape: WindowShape,
): Promise<SeriesBody> {
  const table = await readBodyTable(body, format, manifest).catch((error: unknown) => {
    throw error instanceof InputError ? wrongTable(error) : error;
  });
  const { rows, values, timestampsMs, maxGapMs, notes } = table;
  const times = timestampsMs === undefined ? undefined : { ms: timestampsMs, unit: null };
  const own = timestampsMs === undefined || maxGapMs === undefined ? options : { maxGapMs, ...options };
  return seriesBody({ rows, values, times, notes }, own, shape);
}

function wrongTable({ forRequest: message }: InputError): ResiduaError {
  const [place] = /\bline \d+(, column "[^"]*")?/.exec(message) ?? [""];
  return new ResiduaError("INVALID_REQUEST", message, { violations: [{ path: place, message }] });
}
