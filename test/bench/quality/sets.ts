/**
 * Reads the data sets from a folder with one subfolder each, as their authors lay them out:
 *
 *   skab/{valve1,valve2,other}/N.csv      the first 400 rows of each file are learnt from, as in SKAB's own
 *                                         split whatever their labels (other/2 has anomalous ones among them)
 *   smd/{train,test}/M.csv.gz, smd/test_label/M.txt.gz, smd/interpretation_label/M.txt
 *   nab/data/GROUP/NAME.csv, nab/labels/combined_windows.json, nab/splits.csv (the files, in order)
 *   extra/power_demand_1997.csv.gz        value and holiday label; the mean of eight rows, two hours, each; 80 days are learnt from
 *   extra/MBA_ECG805.csv.gz               value and label; the first 60,000 rows but those labelled are learnt from
 *   ucr/NAME_TRAIN_BEGIN_END.txt          a value a line
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Cause, type QualitySeries, SET_NAMES, type SetName } from "./series.js";

const READERS: Readonly<Record<SetName, (folder: string) => Iterable<QualitySeries>>> = {
  SKAB: readSkab,
  SMD: readSmd,
  NAB: readNab,
  power: readPower,
  ECG: readEcg,
  UCR: readUcr,
};

/** The series of the sets wanted, one after the other; a set whose files are not there is an error. */
export function* readSets(folder: string, wanted: readonly SetName[] = SET_NAMES): Generator<QualitySeries> {
  for (const name of wanted) yield* READERS[name](folder);
}

function readText(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} is not there; --sets leaves out what is missing.`);
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

function readLines(path: string): string[] {
  return readText(path).trim().split(/\r?\n/);
}

const SKAB_TRAIN_ROWS = 400;
const SKAB_FEATURES = 8;

/** A file of SKAB, with the labels of all rows. */
export interface SkabFile {
  readonly name: string;
  /** [F] */
  readonly features: readonly string[];
  readonly rows: number;
  /** [rows, F] */
  readonly values: Float64Array;
  /** [rows] */
  readonly anomalous: Uint8Array;
}

export function* readSkabFiles(folder: string): Generator<SkabFile> {
  for (const group of ["valve1", "valve2", "other"]) {
    const files = readdirSync(join(folder, "skab", group)).sort((a, b) => parseInt(a, 10) - parseInt(b, 10));
    for (const file of files) {
      const [header = "", ...lines] = readLines(join(folder, "skab", group, file));
      const names = header.split(";");
      const cells = lines.map((line) => line.split(";"));
      const columns = Array.from({ length: SKAB_FEATURES }, (_, i) => i + 1);
      const anomaly = names.indexOf("anomaly");
      yield {
        name: `${group}/${basename(file, ".csv")}`,
        features: columns.map((column) => names[column]!),
        rows: cells.length,
        values: Float64Array.from(cells.flatMap((row) => columns.map((column) => Number(row[column])))),
        anomalous: Uint8Array.from(cells, (row) => Number(row[anomaly])),
      };
    }
  }
}

function* readSkab(folder: string): Generator<QualitySeries> {
  for (const { anomalous, ...file } of readSkabFiles(folder)) {
    const labels = anomalous.map((label, row) => (row < SKAB_TRAIN_ROWS ? 0 : label));
    yield { ...file, set: "SKAB", labels, trainRows: SKAB_TRAIN_ROWS, causes: [] };
  }
}

function* readSmd(folder: string): Generator<QualitySeries> {
  const root = join(folder, "smd");
  for (const file of readdirSync(join(root, "train")).sort()) {
    const machine = basename(file, ".csv.gz");
    const parse = (part: string) =>
      readLines(join(root, part, file)).map((line) => line.split(",").map(Number));
    const train = parse("train");
    const all = [...train, ...parse("test")];
    const labels = readLines(join(root, "test_label", `${machine}.txt.gz`)).map(Number);
    const causes = readLines(join(root, "interpretation_label", `${machine}.txt`)).map((line): Cause => {
      const [span = "", features = ""] = line.split(":");
      const [start = 0, end = 0] = span.split("-").map(Number);
      return { start, end, features: features.split(",").map((feature) => Number(feature) - 1) };
    });
    yield {
      set: "SMD",
      name: machine,
      features: all[0]!.map((_, i) => `c${i}`),
      rows: all.length,
      values: Float64Array.from(all.flat()),
      labels: Uint8Array.from([...train.map(() => 0), ...labels]),
      trainRows: train.length,
      causes,
    };
  }
}

/** Learnt from: the rows before the first labelled window, and at most half of the file. */
function* readNab(folder: string): Generator<QualitySeries> {
  const root = join(folder, "nab");
  const windows: Record<string, [string, string][]> = JSON.parse(
    readText(join(root, "labels", "combined_windows.json")),
  );
  for (const line of readLines(join(root, "splits.csv")).slice(1)) {
    const file = line.split(",")[0]!;
    const rows = readLines(join(root, "data", file))
      .slice(1)
      .map((row) => row.split(","));
    const spans = (windows[file] ?? []).map((span) => span.map((time) => time.slice(0, 19)));
    const labels = Uint8Array.from(rows, ([time = ""]) =>
      spans.some(([from = "", to = ""]) => time >= from && time <= to) ? 1 : 0,
    );
    const first = labels.indexOf(1);
    const half = Math.floor(rows.length / 2);
    yield {
      ...univariate(
        "NAB",
        basename(file, ".csv"),
        Float64Array.from(rows, ([, value]) => Number(value)),
      ),
      labels,
      trainRows: first < 0 ? half : Math.min(first, half),
      times: rows.map(([time = ""]) => time),
    };
  }
}

const POWER_ROWS_JOINED = 8;
/** Eighty days, before the first holidays after New Year's Day. */
const POWER_TRAIN_ROWS = 80 * 12;

function* readPower(folder: string): Generator<QualitySeries> {
  const rows = readLines(join(folder, "extra", "power_demand_1997.csv.gz"))
    .slice(1)
    .map((line) => line.split(","));
  const joined = Math.floor(rows.length / POWER_ROWS_JOINED);
  const values = new Float64Array(joined);
  const labels = new Uint8Array(joined);
  for (let row = 0; row < joined * POWER_ROWS_JOINED; row++) {
    const at = Math.floor(row / POWER_ROWS_JOINED);
    values[at]! += Number(rows[row]![1]) / POWER_ROWS_JOINED;
    if (rows[row]![2] === "1") labels[at] = 1;
  }
  yield {
    ...univariate("power", "power_demand_1997", values),
    labels,
    trainRows: POWER_TRAIN_ROWS,
    times: Array.from({ length: joined }, (_, row) => rows[row * POWER_ROWS_JOINED]![0]!),
  };
}

const ECG_TRAIN_ROWS = 60_000;

function* readEcg(folder: string): Generator<QualitySeries> {
  const rows = readLines(join(folder, "extra", "MBA_ECG805.csv.gz")).map((line) => line.split(","));
  yield {
    ...univariate(
      "ECG",
      "MBA_ECG805",
      Float64Array.from(rows, ([value]) => Number(value)),
    ),
    labels: Uint8Array.from(rows, ([, label]) => Number(label)),
    trainRows: ECG_TRAIN_ROWS,
  };
}

function* readUcr(folder: string): Generator<QualitySeries> {
  for (const file of readdirSync(join(folder, "ucr")).sort()) {
    const name = basename(file, ".txt");
    const [trainRows = 0, begin = 0, end = 0] = name.split("_").slice(-3).map(Number);
    const values = Float64Array.from(
      readText(join(folder, "ucr", file))
        .trim()
        .split(/\s+/),
      Number,
    );
    const labels = new Uint8Array(values.length).fill(1, begin, end + 1);
    yield { ...univariate("UCR", name, values), labels, trainRows };
  }
}

function univariate(set: SetName, name: string, values: Float64Array) {
  return { set, name, features: ["value"], rows: values.length, values, causes: [] };
}
