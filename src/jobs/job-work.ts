/** What a job does: the same as `residua train` and `residua renew`, but it reports to a process instead of a terminal. */
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { datasetOptions, readingValues } from "../data/reading-options.js";
import type { TrainingEngine } from "../engine/engine.js";
import { createWasmEngine } from "../engine/wasm/engine.js";
import { InputError, ResiduaError } from "../errors.js";
import { publish } from "../publishing/publish.js";
import { renew } from "../publishing/renew.js";
import { recordedReading } from "../publishing/renewal-record.js";
import { excludeEvents } from "../publishing/renewal-rows.js";
import type { ModelStore } from "../registry/model-store.js";
import { openStore } from "../registry/open-store.js";
import { type OpenedVersion, openStoredVersion } from "../registry/stored-model.js";
import { trainModel } from "../training/train-model.js";
import type { TrainEvents } from "../training/train-settings.js";
import type { JobNote, JobProgress } from "./job.js";
import { type JobData, seriesData, tableData } from "./job-data.js";
import { inQueryWords, type RenewJobOptions, renewJobOptions, trainJobOptions } from "./job-options.js";
import type { JobTask } from "./job-task.js";
import { checkRenewable } from "./renewable.js";

type Report = (note: JobNote) => void;

/**
 * Runs a job to its end. @returns the version that was published.
 * @throws InputError where the data cannot be learnt from, and ResiduaError.
 */
export async function work(task: JobTask, report: Report): Promise<string> {
  const store = openStore(task.location);
  const engine = await createWasmEngine({ threads: task.threads, wideVectors: task.wideVectors });
  try {
    return await (task.order.kind === "train" ? train : renewModel)(task, store, engine, report);
  } finally {
    await store.close();
    await engine.close();
  }
}

async function train(
  task: JobTask,
  store: ModelStore,
  engine: TrainingEngine,
  report: Report,
): Promise<string> {
  const { order, staging } = task;
  const options = trainJobOptions(order.options);
  const data = await openData(task);
  const reading = { ...options.reading, ...withoutUndefined(data.reading) };
  const dataset = await readDataset([data.source], datasetOptions(reading));
  reportData(task, dataset, report);
  const trained = await trainModel(engine, dataset, options.training, eventsOf(report));
  const published = await publish(trained, {
    store,
    name: order.model,
    reading,
    taken: dataset.taken,
    job: { id: order.id, staging },
  });
  return published.version;
}

async function renewModel(
  task: JobTask,
  store: ModelStore,
  engine: TrainingEngine,
  report: Report,
): Promise<string> {
  const { order } = task;
  const wanted = renewJobOptions(order.options);
  await checkRenewable(store, order.model, wanted.version);
  const opened = await openStoredVersion(store, order.model, { version: wanted.version }, engine);
  try {
    return await renewOpened(task, wanted, opened, { store, engine, report });
  } finally {
    await opened.served.executable.close();
  }
}

async function renewOpened(
  task: JobTask,
  wanted: RenewJobOptions,
  opened: OpenedVersion,
  {
    store,
    engine,
    report,
  }: { readonly store: ModelStore; readonly engine: TrainingEngine; readonly report: Report },
): Promise<string> {
  const { order, staging } = task;
  const { calibrateOnly, promote, labelColumn, rows } = wanted;
  const { manifest } = opened.bundle;
  const data = await openData(task);
  const isLabelled = order.form === "table" || data.reading.labelColumn !== undefined;
  const reading = {
    ...readingValues(recordedReading(manifest)),
    ...(isLabelled ? {} : { labelColumn: undefined }),
    ...withoutUndefined({ ...data.reading, labelColumn: labelColumn ?? data.reading.labelColumn }),
    rows,
  };
  const all = await readDataset([data.source], modelDatasetOptions(readDataSection(manifest), reading));
  reportData(task, all, report);
  const onNote = (sentence: string) => report({ type: "warning", sentence });
  const dataset = wanted.excludeEvents === undefined ? all : excludeEvents(all, wanted.excludeEvents, onNote);
  const renewal = await renew(
    engine,
    opened,
    dataset,
    { store, calibrateOnly, promote, reading, job: { id: order.id, staging } },
    eventsOf(report),
  );
  if (renewal.published === undefined) {
    throw new ResiduaError(
      "CONFLICT",
      `Nothing is published and ${order.model} ${manifest.version} stays: the renewed version ${renewal.worse.join("; and it ")}.`,
    );
  }
  return renewal.published.version;
}

function openData({ order, dataFile }: JobTask): Promise<JobData> | JobData {
  return order.form === "series" ? seriesData(dataFile) : tableData(dataFile);
}

function reportData({ maxRows }: JobTask, { taken }: Dataset, report: Report): void {
  const { rows } = taken!;
  if (rows > maxRows) {
    throw new InputError(`The data have ${rows} rows; a job takes up to ${maxRows} (RESIDUA_JOB_MAX_ROWS).`);
  }
  report({ type: "data", data: taken! });
}

function eventsOf(report: Report): TrainEvents {
  let epochs = 0;
  let fold: JobProgress["fold"] = null;
  return {
    onNote: (sentence) => report({ type: "warning", sentence: inQueryWords(sentence) }),
    onFit: (fit) => {
      epochs = fit.epochs;
      fold = fit.stage.number === 0 ? null : fit.stage;
    },
    onEpoch: ({ epoch, loss, validationLoss }) =>
      report({
        type: "progress",
        progress: { epoch, epochs, loss, validationLoss: validationLoss ?? null, fold },
      }),
  };
}

function withoutUndefined<Values extends object>(values: Values): Partial<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<Values>;
}
