/** The values of Parquet columns as cells of text. */
import type { ParquetParsers, SchemaElement } from "hyparquet";
import { formatFloat32 } from "../scoring/digits.js";

/** Writes a value as a cell: empty where there is none. */
export type CellWriter = (value: unknown) => string;

/** How the cells of a column are written. */
export interface ColumnCells {
  readonly isNumeric: boolean;
  readonly write: CellWriter;
}

/** Times become text with all their digits: as dates of JavaScript they would be cut to milliseconds. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: timeParser(1000n),
  timestampFromMicroseconds: timeParser(1_000_000n),
  timestampFromNanoseconds: timeParser(1_000_000_000n),
  dateFromDays: (days) => (typeof days === "number" ? dateText(days) : undefined),
};

const PER_SECOND: Readonly<Record<string, bigint>> = {
  MILLIS: 1000n,
  MICROS: 1_000_000n,
  NANOS: 1_000_000_000n,
};
const NUMBERS: ReadonlySet<string> = new Set(["INT32", "INT64", "FLOAT", "DOUBLE"]);
/** Kinds of columns that hold no numbers, texts or times. */
const UNREADABLE: Readonly<Record<string, string>> = {
  JSON: "it holds JSON",
  BSON: "it holds BSON",
  INTERVAL: "it holds intervals",
  GEOMETRY: "it holds shapes",
  GEOGRAPHY: "it holds shapes",
  VARIANT: "it holds values of any kind",
  FILE: "it holds files",
};

/** How the cells of a column are written; why they cannot be: the end of a sentence. */
export function cellWriter(element: SchemaElement): ColumnCells | string {
  const { type, converted_type: converted, logical_type: logical } = element;
  const kind = logical?.type ?? converted ?? "";
  const reason = UNREADABLE[kind] ?? UNREADABLE[converted ?? ""];
  if (reason !== undefined) return reason;
  if (kind === "TIMESTAMP" || kind.startsWith("TIMESTAMP_") || type === "INT96") {
    // A time that is not adjusted to UTC is one on a local clock: the time zone that is given holds for it.
    const zone = logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC ? "" : "Z";
    return { isNumeric: false, write: emptyOr((value) => `${value}${zone}`) };
  }
  if (kind === "DATE") {
    return { isNumeric: false, write: emptyOr((days) => (typeof days === "number" ? dateText(days) : days)) };
  }
  if (kind === "TIME" || kind.startsWith("TIME_")) {
    const unit = logical?.type === "TIME" ? logical.unit : kind.slice("TIME_".length);
    const perSecond = PER_SECOND[unit] ?? 1000n;
    const write = emptyOr((time) => timeText(BigInt(time as number | bigint), perSecond).slice(11));
    return { isNumeric: false, write };
  }
  if (kind === "DECIMAL" && converted !== "DECIMAL") return "it holds decimals of a form that is not known";
  if (type === "FIXED_LEN_BYTE_ARRAY" && !["DECIMAL", "FLOAT16", "UUID"].includes(kind))
    return "it holds bytes";
  if (type === "FLOAT") return { isNumeric: true, write: emptyOr(float32Text) };
  const isNumeric = NUMBERS.has(type ?? "") || kind === "DECIMAL" || kind === "FLOAT16";
  return { isNumeric, write: emptyOr((value) => String(value).trim()) };
}

/** An empty cell for a missing value, else what `write` gives. */
function emptyOr(write: (value: NonNullable<unknown>) => NonNullable<unknown>): CellWriter {
  return (value) => (value === undefined || value === null ? "" : String(write(value)));
}

/** -9999.9 and not -9999.900390625, which is what the float is as a double. */
function float32Text(value: unknown): string {
  return Number.isFinite(value) ? formatFloat32(value as number) : String(value);
}

function dateText(days: number): string {
  return isoText(days * 86_400_000).slice(0, 10);
}

/** Values that are missing are given to the parsers of the library too. */
function timeParser(perSecond: bigint): (time: bigint | undefined) => string | undefined {
  return (time) => (typeof time === "bigint" ? timeText(time, perSecond) : undefined);
}

/** A time as `YYYY-MM-DDThh:mm:ss.fffffffff`, with the digits that it has. */
function timeText(time: bigint, perSecond: bigint): string {
  const fraction = ((time % perSecond) + perSecond) % perSecond;
  const seconds = Number((time - fraction) / perSecond);
  const digits = String(fraction)
    .padStart(String(perSecond).length - 1, "0")
    .replace(/0+$/, "");
  return `${isoText(seconds * 1000).slice(0, 19)}${digits === "" ? "" : `.${digits}`}`;
}

/** A time that no calendar has is written as its number, so that it is refused where it is read. */
function isoText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
