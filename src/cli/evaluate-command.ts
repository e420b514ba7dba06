/** `residua evaluate`: how well anomalies are told, by labels, beside what costs nothing. */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { type Config, loadConfig } from "../config.js";
import { chooseEngine } from "../engine/choose-engine.js";
import type { TrainingEngine } from "../engine/engine.js";
import { createWasmEngine } from "../engine/wasm/engine.js";
import { createRandomDetector, fitBaselines } from "../evaluation/baselines.js";
import { createModelDetector, type Detector } from "../evaluation/detector.js";
import { describeReport, formatReport } from "../evaluation/report.js";
import { describeFile, type FileEvaluation } from "../evaluation/summary.js";
import { cutTestPart, type DetectorRun, judgeDetector, type TestPart } from "../evaluation/test-part.js";
import { buildNetwork } from "../network/architectures.js";
import { scoringModel } from "../registry/bundle-decoder.js";
import type { Manifest } from "../registry/manifest.js";
import { type Dataset, readDataset } from "../training/dataset.js";
import type { RowRange } from "../training/table.js";
import { type TrainedModel, type TrainOptions, trainModel } from "../training/train-model.js";
import { splitDataset } from "../training/window-set.js";
import { toDatasetOptions } from "./data-options.js";
import { addEvaluateOptions, checkEvaluateFlags, type EvaluateFlags } from "./evaluate-options.js";
import { openModel } from "./stored-model.js";
import { toTrainOptions } from "./train-options.js";
import { createTrainingProgress, digits, type TrainingProgress } from "./training-progress.js";

export function addEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description(
      "tell how well anomalies are found: trains on --rows of each file and tests on the rest, or tests a published model, with trivial baselines beside it",
    );
  addEvaluateOptions(command).action((paths: string[], flags: EvaluateFlags) =>
    evaluate(paths, flags, command),
  );
}

async function evaluate(paths: string[], flags: EvaluateFlags, command: Command): Promise<void> {
  checkEvaluateFlags(flags, command);
  const config = loadConfig(process.env);
  const { title, files } =
    flags.model === undefined
      ? await evaluateTraining(paths, flags, config)
      : await evaluatePublished(paths, flags, flags.model, config);
  const json = `${JSON.stringify(describeReport(files), undefined, 2)}\n`;
  process.stdout.write(flags.json === true ? json : formatReport(files, title));
  if (typeof flags.json === "string") await writeFile(flags.json, json);
}

interface Evaluation {
  readonly title: string;
  readonly files: readonly FileEvaluation[];
}

async function evaluateTraining(paths: string[], flags: EvaluateFlags, config: Config): Promise<Evaluation> {
  const options = toTrainOptions({ ...flags, seed: flags.seeds[0]! });
  const engine = await createWasmEngine({
    threads: config.RESIDUA_THREADS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
  const files: FileEvaluation[] = [];
  try {
    for (const path of paths) {
      const learnt = await readPart(path, flags, flags.rows, flags.columns);
      const whole = await readPart(path, flags, undefined, learnt.features);
      for (const note of learnt.notes) printNote(note);
      const features = learnt.features.length;
      const { timesteps } = buildNetwork({ ...options.architecture, features });
      const part = cutTestPart(whole, testPartOptions(flags, timesteps, options.minCoverage));
      const runs: DetectorRun[] = [];
      let rate = options.falseAlarmRate;
      for (const seed of flags.seeds) {
        const model = await trainOnce(engine, learnt, { ...options, seed }, seed === flags.seeds[0]);
        rate = model.threshold?.falseAlarmRate ?? rate;
        runs.push(await judgeTrained(engine, model, part, seed));
      }
      const baselines = await baselinesOf(learnt, flags, { ...options, timesteps, falseAlarmRate: rate });
      for (const baseline of baselines) runs.push(await judgeDetector(baseline, part));
      files.push(describeFile(learnt.files[0]!.file, part, runs));
    }
  } finally {
    await engine.close();
  }
  return { title: options.architecture.family, files };
}

async function evaluatePublished(
  paths: string[],
  flags: EvaluateFlags,
  name: string,
  config: Config,
): Promise<Evaluation> {
  const bundle = await openModel(flags.models ?? config.RESIDUA_MODELS, name, flags.version?.toString());
  const { manifest } = bundle;
  const columns = manifest.features.map((feature) => feature.name);
  const { engine } = await chooseEngine(config.RESIDUA_ENGINE, {
    threads: config.RESIDUA_THREADS,
    wideVectors: config.RESIDUA_WIDE_VECTORS,
  });
  const files: FileEvaluation[] = [];
  try {
    const executable = await engine.compile(bundle.network, bundle.weights);
    const threshold = manifest.threshold?.timestepValue;
    const model = createModelDetector(
      executable,
      scoringModel(manifest),
      manifest.scorers[0]!,
      threshold,
      undefined,
    );
    for (const path of paths) {
      const whole = await readPart(path, flags, undefined, columns);
      for (const note of whole.notes) printNote(note);
      const { file, sha256 } = whole.files[0]!;
      if (flags.rows === undefined) printNote(describeUnlearnt(file, sha256, manifest));
      const { timesteps, minCoverage } = manifest;
      const part = cutTestPart(whole, testPartOptions(flags, timesteps, minCoverage));
      const falseAlarmRate = manifest.threshold?.falseAlarmRate ?? flags.falseAlarmRate;
      const learnt = flags.rows === undefined ? undefined : await readPart(path, flags, flags.rows, columns);
      const shares = { validation: flags.validation, calibration: flags.calibration, stride: flags.stride };
      const settings = { ...shares, timesteps, minCoverage, falseAlarmRate };
      const runs = [await judgeDetector(model, part)];
      const baselines = await baselinesOf(learnt, flags, settings);
      for (const baseline of baselines) runs.push(await judgeDetector(baseline, part));
      files.push(describeFile(file, part, runs));
    }
    await executable.close();
  } finally {
    await engine.close();
  }
  return { title: `${bundle.name} ${bundle.version}`, files };
}

function readPart(
  path: string,
  flags: EvaluateFlags,
  rows: RowRange | undefined,
  columns: readonly string[] | undefined,
): Promise<Dataset> {
  const { labelColumn } = flags;
  return readDataset([path], { ...toDatasetOptions(flags), rows, columns, labelColumn });
}

function testPartOptions(flags: EvaluateFlags, timesteps: number, minCoverage: number) {
  return { timesteps, minCoverage, trainRows: flags.rows, testRows: flags.testRows };
}

/** Those that learn only where there is something to learn from. */
async function baselinesOf(
  learnt: Dataset | undefined,
  flags: EvaluateFlags,
  settings: Parameters<typeof splitDataset>[1] & { readonly falseAlarmRate: number },
): Promise<Detector[]> {
  const random = flags.seeds.map((seed) => createRandomDetector(seed, settings.falseAlarmRate));
  if (learnt === undefined) return random;
  return [...random, ...(await fitBaselines(learnt, splitDataset(learnt, settings), settings))];
}

async function trainOnce(
  engine: TrainingEngine,
  dataset: Dataset,
  options: TrainOptions,
  withNotes: boolean,
): Promise<TrainedModel> {
  const begin = performance.now();
  const { file } = dataset.files[0]!;
  let progress: TrainingProgress | undefined;
  const interrupt = (): void => {
    // Gives the terminal its cursor back.
    progress?.end();
    process.exit(130);
  };
  process.once("SIGINT", interrupt);
  try {
    const model = await trainModel(engine, dataset, options, {
      ...(withNotes ? { onNote: (note: string) => printNote(`${file}: ${note}`) } : {}),
      onSplit: (_, epochs) => {
        if (process.stderr.isTTY) progress = createTrainingProgress(process.stderr, epochs);
      },
      onStep: (step) => progress?.onStep(step),
      onEpoch: (epoch) => progress?.onEpoch(epoch),
      onFitted: () => progress?.end(),
    });
    const seconds = digits((performance.now() - begin) / 1000, 3);
    process.stderr.write(
      `${file}, seed ${options.seed}: ${model.fit.epochs.length} epochs, the best is ${model.fit.bestEpoch}, ${seconds} s\n`,
    );
    return model;
  } finally {
    process.off("SIGINT", interrupt);
    progress?.end();
  }
}

async function judgeTrained(
  engine: TrainingEngine,
  model: TrainedModel,
  part: TestPart,
  seed: number,
): Promise<DetectorRun> {
  const executable = await engine.compile(model.network, model.weights);
  try {
    const threshold = model.threshold?.timestepValue;
    return await judgeDetector(
      createModelDetector(executable, model.scoring, model.scorers[0]!, threshold, seed),
      part,
    );
  } finally {
    await executable.close();
  }
}

function describeUnlearnt(file: string, sha256: string, manifest: Manifest): string {
  const data = manifest.training["data"];
  const known =
    Array.isArray(data) && data.some((one: { sha256?: unknown } | null) => one?.sha256 === sha256);
  return known
    ? `${file} is a file that the model was trained on: --rows names the rows it learnt from, which are then not tested on.`
    : `${file}: only random scores stand beside the model; --rows names normal rows that the other baselines can learn from.`;
}

function printNote(sentence: string): void {
  process.stderr.write(`Note: ${sentence}\n`);
}
