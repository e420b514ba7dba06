/** How a training is shown after it: a report where one is asked for, and a small picture on a terminal. */
import type { Dataset, Series } from "../data/dataset.js";
import type { Engine } from "../engine/engine.js";
import type { ModelStore } from "../registry/model-store.js";
import type { ServedModel } from "../registry/served-model.js";
import { loadStoredModel } from "../registry/stored-model.js";
import { ScoredLooks } from "../report/scored-report.js";
import { writeTrainingReport } from "../report/training-report.js";
import { significantDigits } from "../scoring/digits.js";
import { scoreDataset } from "../serving/dataset-scoring.js";
import type { TrainedModel } from "../training/train-model.js";
import { drawBraille } from "./braille.js";
import { formatTaken } from "./data-table.js";
import { formatFacts } from "./facts.js";
import { writeOutputFile } from "./output-file.js";

const WIDTH = 64;
const HEIGHT = 4;
/** Rows at the end of the data whose scores are drawn, in windows. */
const LAST_WINDOWS = 16;

/** A model that was trained and published. */
export interface TrainedAndPublished {
  readonly trained: TrainedModel;
  readonly dataset: Dataset;
  readonly store: ModelStore;
  readonly name: string;
  readonly version: string;
}

/**
 * Writes the report and draws the picture, with the scores of the published version.
 * @param report the file of the report.
 */
export async function showTraining(
  engine: Engine,
  done: TrainedAndPublished,
  report: string | undefined,
): Promise<void> {
  if (report === undefined && !process.stdout.isTTY) return;
  const { trained, dataset, store, name, version } = done;
  const model = await loadStoredModel(store, name, { version }, engine);
  try {
    if (process.stdout.isTTY) process.stdout.write(await drawTraining(trained, model, dataset));
    if (report === undefined) return;
    const looks = new ScoredLooks(model, dataset);
    await scoreDataset(model, dataset, { stride: 1, withEvents: true, onScored: looks.take });
    const page = writeTrainingReport(trained, model, looks, formatTaken(dataset.taken!));
    await writeOutputFile("--report", report, page);
    process.stdout.write(formatFacts([["report", report]]));
  } finally {
    await model.executable.close();
  }
}

async function drawTraining(trained: TrainedModel, model: ServedModel, dataset: Dataset): Promise<string> {
  const losses = trained.fit.epochs.map(({ validationLoss, loss }) => validationLoss ?? loss);
  const rows = lastRows(dataset.series.at(-1)!, LAST_WINDOWS * model.scoring.timesteps);
  const last = { ...dataset, series: [rows] };
  const scored = await scoreDataset(model, last, { stride: 1, withEvents: false });
  const byFileRow = scored.files[rows.fileIndex]!.score;
  const scores = Float64Array.from(rows.fileRows, (row) => byFileRow[row]!);
  const most = scores.reduce((high, score) => (score > high ? score : high), 0);
  const threshold =
    scored.threshold === null ? "" : `, threshold ${significantDigits(scored.threshold.value)}`;
  return [
    `loss by epoch, ${significantDigits(losses[0]!)} to ${significantDigits(losses.at(-1)!)}`,
    ...drawBraille(Float64Array.from(losses), WIDTH, HEIGHT),
    `scores of the last ${rows.rows} rows, the highest ${significantDigits(most)}${threshold}`,
    ...drawBraille(scores, WIDTH, HEIGHT),
    "",
  ].join("\n");
}

/** The last rows of a series, of which those of the file that it was made from are not kept. */
function lastRows({ spans: _, ...series }: Series, most: number): Series {
  const from = Math.max(0, series.rows - most);
  const features = series.values.length / series.rows;
  return {
    ...series,
    rows: series.rows - from,
    values: series.values.subarray(from * features),
    timestampsMs: series.timestampsMs?.subarray(from),
    anomalous: series.anomalous?.subarray(from),
    fileRows: series.fileRows.subarray(from),
  };
}
