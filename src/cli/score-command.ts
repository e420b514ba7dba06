/** `residua score`: data files through a published version, one score for each row. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { loadConfig } from "../config.js";
import { describeDifferences } from "../data/compared-data.js";
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { readDataset } from "../data/dataset.js";
import { wholeNumber } from "../data/option-values.js";
import { FILE_FORMS, FILE_OPTIONS, type FileValues } from "../data/reading-options.js";
import { describeShortRuns } from "../data/short-runs.js";
import type { ServedModel } from "../registry/served-model.js";
import { loadStoredModel } from "../registry/stored-model.js";
import { ScoredLooks, writeScoreReport } from "../report/scored-report.js";
import { formatFloat32 } from "../scoring/digits.js";
import { type DatasetScores, type FileDrift, scoreDataset } from "../serving/dataset-scoring.js";
import { printNote } from "./note.js";
import { openEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { addModelsOption, addOptions, addReportOption, addVersionOption, argument } from "./options.js";
import { writeOutputFile } from "./output-file.js";
import { writeScores } from "./scored-file.js";

interface ScoreFlags extends FileValues {
  readonly model: string;
  readonly version?: number;
  readonly out?: string;
  readonly events?: string;
  readonly report?: string;
  readonly stride: number;
  readonly models?: string;
}

/** Adds `score` to the program. */
export function addScoreCommand(program: Command): void {
  const command = program
    .command("score")
    .description(
      "score data files with a published model: a CSV with score, p_value and anomalous for each row",
    )
    .argument("<files...>", `data files with the model's columns: ${FILE_FORMS}`)
    .requiredOption("--model <name>", "name of the model");
  addVersionOption(command, "version (default: alias stable, else the highest valid one)")
    .option("--out <file>", "where the CSV goes (default: standard output)")
    .option("--events <file>", "where the events go, as JSON");
  addOptions(command, FILE_OPTIONS).option(
    "--stride <rows>",
    "rows between the starts of two windows",
    argument(wholeNumber(1)),
    1,
  );
  addReportOption(command, "scores, readings, errors by feature, events");
  addModelsOption(command).action(score);
}

async function score(paths: string[], flags: ScoreFlags): Promise<void> {
  const config = loadConfig(process.env);
  const engine = await openEngine(config);
  try {
    const store = openModels(flags.models, config);
    const selection = { version: flags.version?.toString() };
    const model = await loadStoredModel(store, flags.model, selection, engine);
    const section = readDataSection(model.manifest);
    const dataset = await readDataset(paths, {
      ...modelDatasetOptions(section, flags),
      columns: model.manifest.features.map(({ name }) => name),
      keepTimeText: true,
    });
    const differences = section === undefined ? [] : describeDifferences(section, dataset.taken!);
    const shortRuns = describeShortRuns(dataset, model.manifest.timesteps);
    for (const note of [...dataset.notes, ...differences, ...shortRuns]) printNote(note);
    const withEvents = flags.events !== undefined || flags.report !== undefined;
    const looks = flags.report === undefined ? undefined : new ScoredLooks(model, dataset);
    const scores = await scoreDataset(model, dataset, {
      stride: flags.stride,
      withEvents,
      onScored: looks?.take,
    });
    if (flags.report !== undefined && looks !== undefined) {
      await writeOutputFile("--report", flags.report, writeScoreReport(model, scores, looks));
    }
    await model.executable.close();
    await writeResults(model, scores, flags);
  } finally {
    await engine.close();
  }
}

async function writeResults(model: ServedModel, scores: DatasetScores, flags: ScoreFlags): Promise<void> {
  if (flags.out === undefined) {
    await pipeline(Readable.from(writeScores(scores.files)), process.stdout, { end: false });
  } else await writeOutputFile("--out", flags.out, writeScores(scores.files));
  if (flags.events !== undefined) {
    const events = JSON.stringify(describeEvents(model, scores), undefined, 2);
    await writeOutputFile("--events", flags.events, `${events}\n`);
  }
  const moved = describeDrift(scores.drift);
  if (flags.out === undefined) for (const sentence of moved) printNote(sentence);
  else process.stdout.write(`${[summarise(scores), ...moved].join("\n")}\n`);
}

/** A sentence for each series whose normal level has moved. */
function describeDrift(drift: readonly FileDrift[]): string[] {
  return drift.flatMap(({ file, group, since, sinceTime }) => {
    if (since === null) return [];
    const where = group === undefined ? file : `${file}, ${group}`;
    const when = sinceTime === undefined ? "" : ` (${sinceTime})`;
    return [
      `${where}: since row ${since.toLocaleString("en")}${when} the normal level has moved: verdicts after it can't be trusted; renew the model.`,
    ];
  });
}

function describeEvents(model: ServedModel, { threshold, events, drift }: DatasetScores): object {
  const { name, version, sha256, engine, device } = model;
  return {
    model: { name, version, sha256, engine, device },
    threshold,
    drift,
    events: events.map(
      ({ id, file, group, open, start, end, peak, startTime, endTime, score, features }) => ({
        id,
        file,
        group,
        start,
        end,
        peak,
        startTime,
        endTime,
        score: Number(formatFloat32(score)),
        open,
        features: features.map((one) => ({ name: one.name, share: Number(one.share.toPrecision(6)) })),
      }),
    ),
  };
}

function summarise({ files, events }: DatasetScores): string {
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
