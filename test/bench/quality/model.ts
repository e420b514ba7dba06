/** The model under test, as a user has it: `residua train` with no option but the seed, then `residua score`. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Verdicts } from "../../../src/evaluation/judgement.js";
import { type Cause, type QualitySeries, testLabels } from "./series.js";

const CLI = fileURLToPath(new URL("../../../src/cli.js", import.meta.url));
const LABEL = "residua_label";

interface FileEvent {
  readonly start: number;
  readonly end: number;
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

/** What the model makes of a series, and what its events name as their cause. */
export interface ScoredByModel {
  /** [rows]; NaN before `trainRows`. */
  readonly verdicts: Verdicts;
  /** Of the labelled causes that an event meets, the share of features named among as many as there are. */
  readonly causesNamed: number | undefined;
}

/** @param options of `train`, beside the seed. */
export async function scoreWithModel(
  series: QualitySeries,
  seed: number,
  options: readonly string[] = [],
): Promise<ScoredByModel> {
  const folder = mkdtempSync(join(tmpdir(), "residua-quality-"));
  const at = (name: string) => join(folder, name);
  try {
    writeFileSync(at("train.csv"), toCsv(series, 0, series.trainRows));
    writeFileSync(at("test.csv"), toCsv(series, series.trainRows, series.rows));
    const name = ["--models", at("models")];
    const train = ["train", at("train.csv"), "--name", "x", "--seed", `${seed}`, "--label-column", LABEL];
    await run([...train, ...name, ...options]);
    const outputs = ["--out", at("scores.csv"), "--events", at("events.json")];
    await run(["score", at("test.csv"), "--model", "x", ...name, ...outputs]);
    const told: { events: FileEvent[]; drift: { moved: boolean }[] } = JSON.parse(
      readFileSync(at("events.json"), "utf8"),
    );
    const scored = parseScores(readFileSync(at("scores.csv"), "utf8"), series.trainRows);
    return {
      verdicts: { ...scored, moved: told.drift[0]?.moved },
      causesNamed: shareNamed(series, told.events),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Numbers as they read back the same; the label column is left out of what is scored. */
function toCsv(
  { values, labels, features, trainRows, times }: QualitySeries,
  from: number,
  to: number,
): string {
  const labelled = from < trainRows;
  const names = [...features, ...(labelled ? [LABEL] : []), ...(times === undefined ? [] : ["timestamp"])];
  const lines = [names.join(",")];
  for (let row = from; row < to; row++) {
    const readings = values.subarray(row * features.length, (row + 1) * features.length);
    const others = (labelled ? `,${labels[row]}` : "") + (times === undefined ? "" : `,${times[row]}`);
    lines.push(readings.join(",").replaceAll("NaN", "") + others);
  }
  return `${lines.join("\n")}\n`;
}

function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`residua ${args.join(" ")} ended with ${code}:\n${said}`)),
    );
  });
}

function parseScores(text: string, rowsBefore: number): Omit<Verdicts, "moved"> {
  const [header = "", ...lines] = text.trimEnd().split("\n");
  const names = header.split(",");
  const cells = lines.map((line) => line.split(","));
  const column = (name: string) => {
    const at = names.indexOf(name);
    const before = Array.from({ length: rowsBefore }, () => Number.NaN);
    const scored = cells.map((row) => (row[at] === "" ? Number.NaN : Number(row[at])));
    return Float64Array.from([...before, ...scored]);
  };
  const isCalibrated = column("p_value").some((p) => !Number.isNaN(p));
  return {
    scores: column("score"),
    flagged: isCalibrated ? Uint8Array.from(column("anomalous"), (one) => (one === 1 ? 1 : 0)) : undefined,
  };
}

/**
 * Of the features that a labelled cause names, the share among as many features with the largest shares of the event
 * that overlaps it longest (HitRate@100% of Su et al. 2019, "Robust Anomaly Detection for Multivariate Time Series
 * through Stochastic Recurrent Neural Network", KDD); the mean over causes that an event overlaps.
 */
function shareNamed(
  { causes, features, ...series }: QualitySeries,
  events: readonly FileEvent[],
): number | undefined {
  const rows = testLabels({ causes, features, ...series }).length;
  const overlap = (a: FileEvent, b: Cause) =>
    Math.min(a.end, b.end, rows - 1) - Math.max(a.start, b.start) + 1;
  const shares = causes.flatMap((cause) => {
    const [event] = events
      .filter((one) => overlap(one, cause) > 0)
      .sort((a, b) => overlap(b, cause) - overlap(a, cause));
    if (event === undefined) return [];
    const named = event.features.slice(0, cause.features.length).map(({ name }) => features.indexOf(name));
    return [cause.features.filter((feature) => named.includes(feature)).length / cause.features.length];
  });
  return shares.length === 0 ? undefined : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
