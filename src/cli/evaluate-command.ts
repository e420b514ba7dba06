/** `residua evaluate`: how well a model finds labelled anomalies, beside baselines that need no network. */
import type { Command } from "commander";
import { type Config, loadConfig } from "../config.js";
import { type DataSection, modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import type { RowRange } from "../data/table-form.js";
import { evaluateModel, evaluateTraining, type WatchScores } from "../evaluation/evaluate.js";
import { describeReport, formatReport } from "../evaluation/report.js";
import type { FileEvaluation } from "../evaluation/summary.js";
import type { Manifest } from "../registry/manifest.js";
import { loadStoredModel } from "../registry/stored-model.js";
import { writeEvaluationReport } from "../report/evaluation-report.js";
import { lookAtScored, type SeriesLook } from "../report/series-look.js";
import { significantDigits } from "../scoring/digits.js";
import { checkCalendar } from "../training/calendar-options.js";
import type { TrainEvents, TrainedModel } from "../training/train-model.js";
import { DEFAULT_CALIBRATION, DEFAULT_FOLDS, toTrainOptions } from "../training/train-options.js";
import { addEvaluateOptions, checkEvaluateFlags, type EvaluateFlags } from "./evaluate-options.js";
import { printNote } from "./note.js";
import { openEngine, openTrainingEngine } from "./open-engine.js";
import { openModels } from "./open-models.js";
import { checkUsage } from "./options.js";
import { writeOutputFile } from "./output-file.js";
import { createTrainingProgress, type TrainingProgress } from "./training-progress.js";

/** Series whose test rows a report shows. */
const MOST_LOOKS = 12;

/** Adds `evaluate` to the program. */
export function addEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description(
      "say how well anomalies are found: trains on --rows of each file and tests on the rest, or tests a published model, beside trivial baselines",
    );
  addEvaluateOptions(command).action((paths: string[], flags: EvaluateFlags) =>
    evaluate(paths, flags, command),
  );
}

async function evaluate(paths: string[], flags: EvaluateFlags, command: Command): Promise<void> {
  checkEvaluateFlags(flags, command);
  const config = loadConfig(process.env);
  const looks = new Looks(flags.report !== undefined);
  const { title, files } =
    flags.model === undefined
      ? await evaluateFamily(paths, flags, config, looks)
      : await evaluatePublished(paths, flags, { name: flags.model, config, looks });
  const json = `${JSON.stringify(describeReport(files), undefined, 2)}\n`;
  process.stdout.write(flags.json === true ? json : formatReport(files, title));
  if (typeof flags.json === "string") await writeOutputFile("--json", flags.json, json);
  if (flags.report !== undefined) {
    await writeOutputFile("--report", flags.report, writeEvaluationReport(title, files, looks.taken));
  }
}

interface Evaluation {
  readonly title: string;
  readonly files: readonly FileEvaluation[];
}

/** What the report shows of test rows: as the first model that is judged on them scores them. */
class Looks {
  readonly taken: SeriesLook[] = [];
  readonly #isWanted: boolean;

  constructor(isWanted: boolean) {
    this.#isWanted = isWanted;
  }

  /** Takes looks at one file, where there is a report. */
  of(dataset: Dataset): WatchScores {
    let isDone = !this.#isWanted;
    return (model) => {
      if (isDone) return undefined;
      isDone = true;
      return (series, starts, scored) => {
        if (this.taken.length === MOST_LOOKS) return;
        this.taken.push(lookAtScored(scored, { ...model, features: dataset.features, series, starts }));
      };
    };
  }
}

/** Trains on each file. */
async function evaluateFamily(
  paths: string[],
  flags: EvaluateFlags,
  config: Config,
  looks: Looks,
): Promise<Evaluation> {
  const options = checkUsage(() => toTrainOptions(flags, flags.seeds[0]!));
  const engine = await openTrainingEngine(config);
  const files: FileEvaluation[] = [];
  try {
    for (const path of paths) {
      const learnt = await readRows(path, flags, flags.rows, flags.columns);
      checkUsage(() => checkCalendar(learnt, options));
      const whole = await readRows(path, flags, undefined, learnt.features);
      for (const note of learnt.notes) printNote(note);
      const data = { whole, learnt, trainRows: flags.rows, testRows: flags.testRows };
      const watcher = new TrainingWatcher(learnt.files[0]!.file, flags.seeds[0]!);
      const { watch, onTrained } = watcher;
      const events = { watch, onTrained, watchScores: looks.of(whole) };
      try {
        files.push(await evaluateTraining(engine, data, options, flags.seeds, events));
      } finally {
        watcher.end();
      }
    }
  } finally {
    await engine.close();
  }
  return { title: options.architecture.family, files };
}

async function evaluatePublished(
  paths: string[],
  flags: EvaluateFlags,
  { name, config, looks }: { name: string; config: Config; looks: Looks },
): Promise<Evaluation> {
  const engine = await openEngine(config);
  try {
    const store = openModels(flags.models, config);
    const model = await loadStoredModel(store, name, { version: flags.version?.toString() }, engine);
    const { manifest, executable } = model;
    const evaluated = {
      ...model,
      scorer: manifest.scorers[0]!,
      threshold: manifest.threshold?.timestepValue,
    };
    const columns = manifest.features.map((feature) => feature.name);
    const section = readDataSection(manifest);
    const falseAlarmRate = manifest.threshold?.falseAlarmRate ?? flags.falseAlarmRate;
    const settings = {
      ...flags,
      falseAlarmRate,
      stride: flags.stride ?? 1,
      folds: flags.calibration === undefined ? (flags.folds ?? DEFAULT_FOLDS) : 0,
      calibration: flags.calibration ?? DEFAULT_CALIBRATION,
    };
    const files: FileEvaluation[] = [];
    for (const path of paths) {
      const whole = await readRows(path, flags, undefined, columns, section);
      for (const note of whole.notes) printNote(note);
      if (flags.rows === undefined) printNote(describeUnlearnt(whole, manifest));
      const learnt =
        flags.rows === undefined ? undefined : await readRows(path, flags, flags.rows, columns, section);
      const data = { whole, learnt, trainRows: flags.rows, testRows: flags.testRows };
      files.push(await evaluateModel(evaluated, data, { ...settings, watchScores: looks.of(whole) }));
    }
    await executable.close();
    return { title: `${model.name} ${model.version}`, files };
  } finally {
    await engine.close();
  }
}

function readRows(
  path: string,
  flags: EvaluateFlags,
  rows: RowRange | undefined,
  columns: readonly string[] | undefined,
  section?: DataSection,
): Promise<Dataset> {
  return readDataset([path], { ...modelDatasetOptions(section, flags), rows, columns });
}

/** Shows the trainings of one file: notes for the first seed, progress on a terminal, and a line for each seed. */
class TrainingWatcher {
  readonly #file: string;
  readonly #noteSeed: number;
  #progress: TrainingProgress | undefined;
  #begin = 0;
  /** Gives the terminal its cursor back. */
  readonly #interrupt = (): void => {
    this.#progress?.end();
    process.exit(130);
  };

  /** @param noteSeed the seed whose notes are printed: those of the others say the same. */
  constructor(file: string, noteSeed: number) {
    this.#file = file;
    this.#noteSeed = noteSeed;
  }

  readonly watch = (seed: number): TrainEvents => {
    this.#begin = performance.now();
    this.#progress = undefined;
    process.once("SIGINT", this.#interrupt);
    return {
      ...(seed === this.#noteSeed
        ? {
            onNote: (note: string) => printNote(`${this.#file}: ${note}`),
            onChoice: (line: string) => process.stderr.write(`${this.#file}: ${line}\n`),
          }
        : {}),
      onFit: (fit) => {
        this.#progress?.end();
        if (process.stderr.isTTY) this.#progress = createTrainingProgress(process.stderr, fit);
      },
      onStep: (step) => this.#progress?.onStep(step),
      onEpoch: (epoch) => this.#progress?.onEpoch(epoch),
      onFitted: () => this.#progress?.end(),
    };
  };

  readonly onTrained = (seed: number, { fit }: TrainedModel): void => {
    this.end();
    const seconds = significantDigits((performance.now() - this.#begin) / 1000, 3);
    process.stderr.write(
      `${this.#file}, seed ${seed}: ${fit.epochs.length} epochs, the best is ${fit.bestEpoch}, ${seconds} s\n`,
    );
  };

  end(): void {
    process.off("SIGINT", this.#interrupt);
    this.#progress?.end();
  }
}

/** Why fewer baselines stand beside a published model where --rows is not given. */
function describeUnlearnt(whole: Dataset, manifest: Manifest): string {
  const { file, sha256 } = whole.files[0]!;
  const data = manifest.training["data"];
  const known =
    Array.isArray(data) && data.some((one: { sha256?: unknown } | null) => one?.sha256 === sha256);
  return known
    ? `${file} is a file that the model was trained on: --rows names the rows it learnt from, which are then not tested on.`
    : `${file}: only random scores stand beside the model; --rows names normal rows that the other baselines can learn from.`;
}
