/** `residua score`: data files through a published version, one score a row. */
import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { chooseEngine } from "../engine/choose-engine.js";
import type { Engine, Executable } from "../engine/engine.js";
import type { Bundle } from "../registry/bundle.js";
import { scoringModel } from "../registry/bundle-decoder.js";
import { formatFloat32 } from "../scoring/digits.js";
import { findEvents } from "../scoring/events.js";
import { windowStarts } from "../scoring/windows.js";
import { judgeScores } from "../serving/verdict.js";
import { type Dataset, readDataset, type Series } from "../training/dataset.js";
import { scoreSeries } from "../training/series-scoring.js";
import { describeShortRuns } from "../training/window-set.js";
import { addDataOptions, type DataOptions, toDatasetOptions } from "./data-options.js";
import { wholeNumber } from "./option-values.js";
import { type ScoredFile, writeScores } from "./scored-file.js";
import { openModel } from "./stored-model.js";

interface ScoreFlags extends DataOptions {
  readonly model: string;
  readonly version?: number;
  readonly out?: string;
  readonly events?: string;
  readonly stride: number;
  readonly models?: string;
}

/** An event of one series, told in rows of its file. */
interface FileEvent {
  readonly id: number;
  readonly file: string;
  readonly group?: string;
  readonly start: number;
  readonly end: number;
  readonly peak: number;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly score: number;
  readonly features: readonly { readonly name: string; readonly share: number }[];
}

export function addScoreCommand(program: Command): void {
  const command = program
    .command("score")
    .description(
      "score data files with a published model: a CSV with score, p_value and anomalous for each row",
    )
    .argument("<csv...>", "data files, gzipped or not, with the model's columns")
    .requiredOption("--model <name>", "name of the model")
    .option(
      "--version <number>",
      "version (default: alias stable, else the highest valid one)",
      wholeNumber(1),
    )
    .option("--out <file>", "where the CSV goes (default: standard output)")
    .option("--events <file>", "where the events go, as JSON");
  addDataOptions(command)
    .option("--stride <rows>", "rows between the starts of two windows", wholeNumber(1), 1)
    .option("--models <folder>", "folder of models (default: RESIDUA_MODELS, or models)")
    .action(score);
}

async function score(paths: string[], flags: ScoreFlags): Promise<void> {
  const config = loadConfig(process.env);
  const bundle = await openModel(
    flags.models ?? config.RESIDUA_MODELS,
    flags.model,
    flags.version?.toString(),
  );
  const dataset = await readDataset(paths, {
    ...toDatasetOptions(flags),
    columns: bundle.manifest.features.map(({ name }) => name),
    keepTimeText: true,
  });
  for (const note of [...dataset.notes, ...describeShortRuns(dataset, bundle.manifest.timesteps)]) {
    process.stderr.write(`Note: ${note}\n`);
  }
  const { engine } = await chooseEngine(config.RESIDUA_ENGINE, {
    threads: config.RESIDUA_THREADS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
  try {
    const executable = await engine.compile(bundle.network, bundle.weights);
    const { files, events } = await scoreDataset(bundle, executable, dataset, flags);
    await executable.close();
    const sample = bundle.calibration?.[bundle.manifest.scorers[0]!]?.timesteps;
    const text = Readable.from(writeScores(files, sample));
    if (flags.out === undefined) await pipeline(text, process.stdout, { end: false });
    else await pipeline(text, createWriteStream(flags.out));
    if (flags.events !== undefined) {
      await writeFile(
        flags.events,
        `${JSON.stringify(describeEvents(bundle, engine, events), undefined, 2)}\n`,
      );
    }
    if (flags.out !== undefined) process.stdout.write(`${summarise(files, events)}\n`);
  } finally {
    await engine.close();
  }
}

async function scoreDataset(
  bundle: Bundle,
  executable: Executable,
  dataset: Dataset,
  flags: ScoreFlags,
): Promise<{ files: ScoredFile[]; events: FileEvent[] }> {
  const { manifest } = bundle;
  const scoring = scoringModel(manifest);
  const scorer = manifest.scorers[0]!;
  const files = dataset.files.map((file) => ({
    file,
    score: new Float64Array(file.rows).fill(Number.NaN),
    anomalous: new Int8Array(file.rows).fill(-1),
  }));
  const events: FileEvent[] = [];
  for (const series of dataset.series) {
    const starts = windowStarts(series.rows, scoring.timesteps, flags.stride, {
      timestampsMs: series.timestampsMs,
      maxGapMs: dataset.maxGapMs,
    });
    const scored = await scoreSeries(executable, scoring, [scorer], series.values, starts, {
      featureErrorOf: flags.events === undefined ? undefined : scorer,
    });
    const timesteps = scored.scores[scorer]!.timesteps;
    const anomalous = judgeScores(
      timesteps,
      scored.coverage,
      manifest.threshold?.timestepValue,
      manifest.minCoverage,
    );
    const { score: fileScore, anomalous: fileAnomalous } = files[series.fileIndex]!;
    series.fileRows.forEach((fileRow, row) => {
      fileScore[fileRow] = timesteps[row]!;
      fileAnomalous[fileRow] = anomalous[row]!;
    });
    if (scored.featureError === undefined) continue;
    const found = findEvents(timesteps, anomalous, {
      starts,
      timesteps: scoring.timesteps,
      featureError: scored.featureError,
      featureNames: dataset.features,
    });
    for (const event of found) {
      events.push({ ...locate(event, series, dataset), id: events.length + 1 });
    }
  }
  return { files, events };
}

/** An event in rows of its file, with the times that stand there. */
function locate(event: ReturnType<typeof findEvents>[number], series: Series, dataset: Dataset): FileEvent {
  const file = dataset.files[series.fileIndex]!;
  const rowOf = (timestep: number) => file.firstRow + series.fileRows[timestep]!;
  const timeOf = (timestep: number) => file.time?.text[series.fileRows[timestep]!];
  const startTime = timeOf(event.start);
  const endTime = timeOf(event.end);
  return {
    id: event.id,
    file: series.file,
    ...(series.group === undefined ? {} : { group: series.group }),
    start: rowOf(event.start),
    end: rowOf(event.end),
    peak: rowOf(event.peak),
    ...(startTime === undefined || endTime === undefined ? {} : { startTime, endTime }),
    score: Number(formatFloat32(event.score)),
    features: event.features.map(({ name, share }) => ({ name, share: Number(share.toPrecision(6)) })),
  };
}

function describeEvents(bundle: Bundle, engine: Engine, events: readonly FileEvent[]): object {
  const { name, version, sha256, manifest } = bundle;
  return {
    model: { name, version, sha256, engine: engine.name, device: engine.device },
    threshold: manifest.threshold,
    events,
  };
}

function summarise(files: readonly ScoredFile[], events: readonly FileEvent[]): string {
  let rows = 0;
  let scored = 0;
  let anomalous = 0;
  for (const file of files) {
    rows += file.score.length;
    for (const score of file.score) if (!Number.isNaN(score)) scored++;
    for (const verdict of file.anomalous) if (verdict === 1) anomalous++;
  }
  const inEvents = events.length === 0 ? "" : ` in ${events.length} events`;
  return `${scored} of ${rows} rows scored, ${anomalous} anomalous${inEvents}`;
}
