/**
 * Renews a published version from recent rows:
 *
 *   recent rows -> newest fifth held out -> train, or calibrate -> compare on the rows held out -> publish if not worse
 */
import type { Dataset } from "../data/dataset.js";
import type { ReadingValues } from "../data/reading-options.js";
import type { TrainingEngine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { encodeBehaviour } from "../registry/behaviour-sections.js";
import type { Bundle } from "../registry/bundle.js";
import { decodeFiles } from "../registry/bundle-decoder.js";
import { type BundleContents, encodeFiles, encodeManifest, MANIFEST_FILE } from "../registry/bundle-files.js";
import { type Section, sectionsOf } from "../registry/manifest.js";
import type { ModelStore, Published, PublishingJob } from "../registry/model-store.js";
import { loadModel, type ServedModel } from "../registry/served-model.js";
import type { OpenedVersion } from "../registry/stored-model.js";
import { recalibrate } from "../training/recalibration.js";
import { type TrainedModel, trainModel } from "../training/train-model.js";
import type { TrainEvents, TrainOptions } from "../training/train-settings.js";
import { promote } from "./promotion.js";
import { bundleContents, sampleBody } from "./publish.js";
import { publishOrKeep } from "./publish-or-keep.js";
import { type RenewalComparison, whyWorse } from "./renewal-comparison.js";
import { measureVersion } from "./renewal-figures.js";
import { recordedOptions } from "./renewal-record.js";
import { holdOut } from "./renewal-rows.js";

export const RENEWED_FROM_VERSION = 1;

export interface RenewOptions {
  readonly store: ModelStore;
  /** Whether the weights stay: only scorers, calibration, threshold, alarms and drift reference are made anew. */
  readonly calibrateOnly: boolean;
  /** The alias that is set to the new version once it is published. */
  readonly promote: string | undefined;
  /** How the data files were read: it goes into the training record. */
  readonly reading: ReadingValues;
  readonly signal?: AbortSignal | undefined;
  /** Undefined where it is not a job that publishes. */
  readonly job?: PublishingJob | undefined;
}

/** What became of a renewal. */
export interface Renewal {
  readonly comparison: RenewalComparison;
  /** Why the renewed version is worse than the live one, each with figures; none where it is published. */
  readonly worse: readonly string[];
  readonly published: Published | undefined;
}

/**
 * Trains the version anew with its own options, or calibrates it anew, and publishes the result as the next version where
 * it is not worse. Prints nothing.
 *
 * @param opened the version to renew, loaded by `engine`. The caller closes its executable.
 * @param dataset recent rows with the model's features, in its order; rows labelled anomalous are faults.
 * @throws InputError where there are too few rows, the training record does not hold the options, or training was stopped;
 *   and as `publishOrKeep` and `promote` do.
 */
export async function renew(
  engine: TrainingEngine,
  { bundle: live, served }: OpenedVersion,
  dataset: Dataset,
  options: RenewOptions,
  events: TrainEvents = {},
): Promise<Renewal> {
  const { manifest } = live;
  const rows = holdOut(dataset, manifest.timesteps);
  for (const { file } of options.calibrateOnly ? learntFrom(live, dataset) : []) {
    events.onNote?.(
      `${live.name} ${live.version} was trained on ${file}: its scores there are smaller than on new rows, and so are thresholds from them.`,
    );
  }
  const contents = options.calibrateOnly
    ? await calibrated(served, live, rows.learnt, events)
    : await retrained(engine, live, rows.learnt, options, events);
  const renewed = await candidate(engine, live.name, contents);
  try {
    const trial = { heldOut: rows.heldOut, whole: dataset, live: live.scoring, golden: live.golden };
    const comparison = {
      live: await measureVersion(served, trial),
      renewed: await measureVersion(renewed, trial),
    };
    const worse = whyWorse(comparison, askedRate(live), manifest.timesteps);
    if (worse.length > 0) return { comparison, worse, published: undefined };
    const sections = { ...contents.sections, renewedFrom: describeOrigin(live, options, rows, comparison) };
    const { store, job } = options;
    const published = await publishOrKeep(store, live.name, { ...contents, sections }, job);
    if (options.promote !== undefined) await promote(store, live.name, published.version, options.promote);
    return { comparison, worse, published };
  } finally {
    await renewed.executable.close();
  }
}

/** The files of a data set that are in the training record, byte for byte. */
function learntFrom({ manifest }: Bundle, { files }: Dataset): Dataset["files"] {
  const data = manifest.training["data"];
  const known = new Set(
    Array.isArray(data) ? data.map((one: { sha256?: unknown } | null) => one?.sha256) : [],
  );
  return files.filter(({ sha256 }) => known.has(sha256));
}

async function retrained(
  engine: TrainingEngine,
  live: Bundle,
  learnt: Dataset,
  { reading, signal }: RenewOptions,
  events: TrainEvents,
): Promise<BundleContents> {
  const asked = recordedOptions(live.manifest);
  const trained: TrainedModel = await trainModel(engine, learnt, { ...asked, signal }, events);
  if (trained.fit.stopped === "aborted")
    throw new InputError("Training was stopped and nothing is published.");
  const contents = bundleContents(trained, { reading, taken: learnt.taken });
  return {
    ...contents,
    features: live.manifest.features,
    sections: { ...keptSections(live), ...contents.sections },
  };
}

/** The live version with another calibration. */
async function calibrated(
  served: ServedModel,
  live: Bundle,
  learnt: Dataset,
  events: TrainEvents,
): Promise<BundleContents> {
  const { manifest, network, weights } = live;
  const recorded = (manifest.training["options"] ?? {}) as Partial<TrainOptions>;
  const options = {
    falseAlarmRate: askedRate(live),
    falseAlarms: recorded.falseAlarms,
    threshold: manifest.threshold?.method === "value" ? manifest.threshold.value : undefined,
    stride: recorded.stride,
  };
  const scorer = manifest.scorers[0]!;
  const own = await recalibrate(served.executable, live.scoring, scorer, learnt, options, events);
  const { family, features, clip, minCoverage, loss } = manifest;
  const { scaler } = live.scoring;
  return {
    ...{ network, weights, family, features, scaler, clip, minCoverage, loss },
    scorers: own.scorers,
    threshold: own.threshold ?? null,
    fitted: own.scoring.fitted,
    calibration: own.calibration,
    golden: own.examples,
    sampleBody: sampleBody(own),
    sections: { ...keptSections(live), ...encodeBehaviour(own.behaviour) },
    training: {
      ...manifest.training,
      calibratedOn: {
        data: learnt.files.map(({ file, rows, sha256 }) => ({ file, rows, sha256 })),
        windows: own.windows,
      },
    },
  };
}

const RENEWED_SECTIONS = new Set(["alarms", "drift", "renewedFrom"]);

/** Sections that a renewal does not make anew. */
function keptSections({ manifest }: Bundle): Record<string, Section> {
  return Object.fromEntries(sectionsOf(manifest).filter(([name]) => !RENEWED_SECTIONS.has(name)));
}

/** The rate that the live version was trained for; that of its threshold where the record does not say. */
function askedRate({ manifest }: Bundle): number {
  const recorded = (manifest.training["options"] ?? {}) as Partial<TrainOptions>;
  const rate = recorded.falseAlarmRate ?? manifest.threshold?.falseAlarmRate;
  return typeof rate === "number" && rate > 0 && rate < 1 ? rate : DEFAULT_RATE;
}
const DEFAULT_RATE = 0.01;

/** What would be published, as a service would load it. */
async function candidate(
  engine: TrainingEngine,
  name: string,
  contents: BundleContents,
): Promise<ServedModel> {
  const files = encodeFiles(contents);
  const version = "1";
  const decoded = decodeFiles(
    new Map([...files, [MANIFEST_FILE, encodeManifest(contents, files, name, version)]]),
  );
  return loadModel({ ...decoded, folder: "", name, version }, engine);
}

function describeOrigin(
  live: Bundle,
  { calibrateOnly }: RenewOptions,
  { learnt, heldOut }: ReturnType<typeof holdOut>,
  comparison: RenewalComparison,
): Section {
  const countRows = ({ series }: Dataset) => series.reduce((sum, { rows }) => sum + rows, 0);
  return {
    version: RENEWED_FROM_VERSION,
    model: { version: live.version, sha256: live.sha256 },
    weights: calibrateOnly ? "kept" : "trained",
    rows: { learnt: countRows(learnt), heldOut: countRows(heldOut) },
    comparison,
  };
}
