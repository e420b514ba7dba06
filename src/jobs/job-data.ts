/** The data of a job as a source for `readDataset`. */
import { readFile } from "node:fs/promises";
import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ReadingValues } from "../data/reading-options.js";
import { type DataSource, fileSource } from "../data/source.js";
import { InputError } from "../errors.js";

/** What messages call it. */
const NAME = "body";
/** A body as it may be, for messages. */
const EXAMPLE = '{"series": [[3.1, 20.4], [3.2, 20.6]], "columns": ["flow", "temp"]}';
/** So many characters of a wrong value are shown. */
const MOST_SHOWN = 60;
/** How many rows are written at a time. */
const CHUNK_ROWS = 1000;

const Cell = Type.Union([Type.Number(), Type.Null()]);

/** A series with what belongs to its rows. */
export const SeriesSchema = Type.Object(
  {
    series: Type.Union(
      [
        Type.Array(Type.Array(Cell), { description: "[N][F]: rows of readings, null where one is missing" }),
        Type.Array(Type.Record(Type.String(), Cell), { description: "Rows as objects: reading by feature" }),
      ],
      { description: "The rows, oldest first" },
    ),
    columns: Type.Optional(
      Type.Array(Type.String(), {
        description: "[F]: the names of the features, in the order of rows that are arrays",
      }),
    ),
    timestamps: Type.Optional(
      Type.Array(Type.Union([Type.Number(), Type.String()]), {
        description: "[N]: RFC 3339, or numbers since 1970",
      }),
    ),
    labels: Type.Optional(
      Type.Array(Type.Union([Type.Number(), Type.Boolean(), Type.Null()]), {
        description: "[N]: rows that are not 0 are anomalous, and not learnt from",
      }),
    ),
  },
  { title: "TrainingSeries", additionalProperties: false },
);
type SeriesBody = Static<typeof SeriesSchema>;
const seriesCheck = TypeCompiler.Compile(SeriesSchema);

export interface JobData {
  readonly source: DataSource;
  /** The columns whose purpose follows from the form of the data. */
  readonly reading: Pick<Partial<ReadingValues>, "timeColumn" | "labelColumn">;
}

/** A table as it was sent. Compressed text in it is not unpacked, so that no more is read than was accepted. */
export function tableData(file: string): JobData {
  return { source: { ...fileSource(file), name: NAME, mayBeCompressed: false }, reading: {} };
}

/**
 * The rows of a JSON object as JSON lines.
 * @throws InputError where it is not of that form; where that is one member's fault, it begins with its path, /series/3/1.
 */
export async function seriesData(file: string): Promise<JobData> {
  let body: unknown;
  try {
    body = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw new InputError(`The body is not JSON: ${(error as Error).message}.`);
  }
  if (!seriesCheck.Check(body)) throw new InputError(faultOf(body));
  return toLines(body);
}

/** What is wrong with a body that `SeriesSchema` refuses. */
function faultOf(body: unknown): string {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return `The body has to be an object with the rows: ${EXAMPLE}.`;
  }
  const members = Object.keys(SeriesSchema.properties);
  const unknown = Object.keys(body).find((name) => !members.includes(name));
  if (!("series" in body)) return `The body has no series; it has to have the rows: ${EXAMPLE}.`;
  if (unknown !== undefined) return `/${unknown} is no member of the body; there are ${members.join(", ")}.`;
  const { series } = body;
  if (!Array.isArray(series)) return `/series has to be an array of rows: ${EXAMPLE}.`;
  return rowFault(series) ?? otherFault(body);
}

function rowFault(series: readonly unknown[]): string | undefined {
  for (const [index, row] of series.entries()) {
    const path = `/series/${index}`;
    if (typeof row !== "object" || row === null) {
      return `${path} has to be a row of readings, [3.1, 20.4] or {"flow": 3.1, "temp": 20.4}, not ${shown(row)}.`;
    }
    for (const [name, cell] of Object.entries(row)) {
      if (typeof cell === "number" || cell === null) continue;
      const place = Array.isArray(row) ? `${path}/${name}` : `${path}: ${JSON.stringify(name)}`;
      return `${place} has to be a number, or null where a reading is missing, not ${shown(cell)}.`;
    }
    if (Array.isArray(row) !== Array.isArray(series[0])) {
      return `${path} is ${Array.isArray(row) ? "an array" : "an object"}, and /series/0 is not: all rows have to be of one form.`;
    }
  }
  return undefined;
}

/** For the members beside the series, whose schemas are so simple that the checker's words will do. */
function otherFault(body: object): string {
  const { path = "", value, message } = seriesCheck.Errors(body).First() ?? {};
  return `${path || "The body"} cannot be ${shown(value)}: ${message}.`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function toLines(body: SeriesBody): JobData {
  const { series, timestamps, labels } = body;
  for (const [name, list] of Object.entries({ timestamps, labels })) {
    if (list !== undefined && list.length !== series.length) {
      throw new InputError(`/${name} has ${list.length} entries, and /series ${series.length} rows.`);
    }
  }
  const columns = namesOf(body);
  const time = timestamps && freeName("timestamp", columns);
  const label = labels && freeName("label", columns);
  const line = (row: number): string => {
    const entries: [string, unknown][] = time === undefined ? [] : [[time, timestamps![row]]];
    const readings = series[row]!;
    for (const [index, name] of columns.entries()) {
      entries.push([name, Array.isArray(readings) ? readings[index] : (readings[name] ?? null)]);
    }
    if (label !== undefined) entries.push([label, Number(labels![row] ?? 0)]);
    return JSON.stringify(Object.fromEntries(entries));
  };
  const open = async function* (): AsyncGenerator<Buffer> {
    for (let from = 0; from < series.length; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, series.length - from);
      yield Buffer.from(Array.from({ length: count }, (_, row) => `${line(from + row)}\n`).join(""));
    }
  };
  const source = { name: NAME, path: undefined, mayBeCompressed: false, open };
  return { source, reading: { timeColumn: time, labelColumn: label } };
}

function namesOf({ series, columns }: SeriesBody): readonly string[] {
  const first = series[0];
  if (first === undefined) throw new InputError("/series has no rows.");
  if (!Array.isArray(first)) {
    const all = new Set<string>();
    for (const row of series) for (const name of Object.keys(row)) all.add(name);
    return columns ?? [...all];
  }
  const width = columns?.length ?? first.length;
  const wrong = series.findIndex((row) => (row as readonly unknown[]).length !== width);
  if (wrong >= 0) {
    const found = (series[wrong] as readonly unknown[]).length;
    const where = columns === undefined ? "/series/0" : "/columns";
    throw new InputError(`/series/${wrong} has ${found} readings; ${where} has ${width}.`);
  }
  return columns ?? first.map((_, index) => `c${index}`);
}

function freeName(wanted: string, taken: readonly string[]): string {
  return taken.includes(wanted) ? freeName(`_${wanted}`, taken) : wanted;
}
