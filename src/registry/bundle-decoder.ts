/** Reads the files of a bundle and checks that they fit each other. Nothing here touches the disk. */
import { InputError } from "../errors.js";
import { array, object, parseJson, text } from "../network/json-guards.js";
import { readLayersModel } from "../network/layers-model.js";
import type { Network } from "../network/network.js";
import { isExpressibleInTfjs } from "../network/topology-writer.js";
import type { Weights } from "../network/weights.js";
import { type Calendar, calendarWidth } from "../scoring/calendar.js";
import { decodeCalibration } from "../scoring/calibration-file.js";
import type { NormalBehaviour } from "../scoring/normal-behaviour.js";
import { decodeFittedScorers } from "../scoring/scorer-file.js";
import { type FittedScorers, SCORER_NAMES } from "../scoring/scorers/scorers.js";
import { prepareScoring, type ScoringModel } from "../scoring/scoring-model.js";
import type { Calibration } from "../scoring/thresholds.js";
import { decodeBehaviour } from "./behaviour-sections.js";
import {
  type BundleFile,
  calibrationSizes,
  FILE_LIMITS,
  type FileContent,
  type Files,
  MANIFEST_FILE,
} from "./bundle-files.js";
import { decodeGolden, type Golden } from "./golden.js";
import { decodeInput } from "./input-section.js";
import { checkManifest, type Manifest, sectionsOf } from "./manifest.js";

/** What the files of a bundle hold, as plain objects and typed arrays, which one thread can send to another. */
export interface BundleParts {
  readonly manifest: Manifest;
  /** sha256, in hex, of manifest.json; that holds the hashes of the other files, so this is the hash of the version. */
  readonly sha256: string;
  readonly network: Network;
  readonly weights: Weights;
  readonly fitted: FittedScorers;
  readonly calibration: Calibration | undefined;
  readonly golden: Golden;
  /** A request body with real windows: the text of sample.json. */
  readonly sample: Uint8Array;
}

/** Everything that the files of a bundle hold. */
export interface DecodedBundle extends BundleParts {
  /** Ready to score windows with every scorer of the manifest. */
  readonly scoring: ScoringModel;
  /** How normal scores make events; undefined where the manifest does not say. */
  readonly behaviour: NormalBehaviour | undefined;
}

/** The most arrays, objects and members of both in a manifest; one of ten thousand features has half as many. */
const MOST_VALUES = 300_000;
const [COMMA, OPEN_ARRAY, OPEN_OBJECT] = [0x2c, 0x5b, 0x7b];

/** Reads manifest.json. @throws InputError where its form is wrong. */
export function decodeManifest(content: FileContent): Manifest {
  refuseTooManyValues(content);
  return checkManifest(parseFile(content, MANIFEST_FILE));
}

/** Reads the files of a bundle. @throws InputError as `decodeParts` and `assemble` do. */
export function decodeFiles(files: Files): DecodedBundle {
  return assemble(decodeParts(files));
}

/**
 * Reads the files of a bundle, each by itself and against the manifest.
 *
 * @throws InputError, naming the file and what is wrong, where a file is missing, is not listed or has another hash than
 *   the manifest says, and where two parts of the bundle contradict each other.
 */
export function decodeParts(files: Files): BundleParts {
  const manifestContent = needed(files, MANIFEST_FILE);
  const manifest = decodeManifest(manifestContent);
  checkHashes(manifest, files);
  const calendar = calendarOf(manifest);
  const { network, weights } = readLayersModel(
    parseFile(needed(files, "model.json"), "model.json"),
    needed(files, "weights.bin").bytes,
    {
      ...manifest,
      features: manifest.features.length,
      covariates: calendar && calendarWidth(calendar),
    },
  );
  checkFit(manifest, network);
  const sample = needed(files, "sample.json");
  checkSample(parseFile(sample, "sample.json"), manifest, calendar);
  const fitted = files.get("scorers.bin");
  return {
    manifest,
    sha256: manifestContent.sha256,
    network,
    weights,
    fitted: fitted === undefined ? new Map() : decodeFittedScorers(fitted.bytes),
    calibration: decodeCalibrationOf(manifest, files.get("calibration.bin")?.bytes),
    golden: decodeGolden(parseFile(needed(files, "golden.json"), "golden.json"), network),
    sample: sample.bytes,
  };
}

/** Makes a bundle ready to score. @throws InputError where what its scorers have learnt does not fit the manifest. */
export function assemble(parts: BundleParts): DecodedBundle {
  const { manifest, fitted } = parts;
  return {
    ...parts,
    scoring: prepareScoringOf(manifest, fitted),
    behaviour: decodeBehaviour(new Map(sectionsOf(manifest)), manifest.scorers[0]!),
  };
}

/** Counted before parsing, since manifests are parsed on the event loop, which a megabyte of "{}," would hold up for long. */
function refuseTooManyValues({ bytes }: FileContent): void {
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === COMMA || byte === OPEN_ARRAY || byte === OPEN_OBJECT) values += 1;
  }
  if (values > MOST_VALUES) {
    throw new InputError(`${MANIFEST_FILE} has more than ${MOST_VALUES.toLocaleString("en")} values.`);
  }
}

function needed(files: Files, file: BundleFile): FileContent {
  const content = files.get(file);
  if (content === undefined) throw new InputError(`${file} is missing.`);
  return content;
}

/** @throws InputError where the file is not JSON in UTF-8. */
export function parseFile({ bytes }: FileContent, file: BundleFile): unknown {
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${file} is not JSON: it is not UTF-8.`);
  }
  return parseJson(content, file);
}

function checkHashes(manifest: Manifest, files: Files): void {
  for (const [file, hash] of Object.entries(manifest.files)) {
    if (!Object.hasOwn(FILE_LIMITS, file) || file === MANIFEST_FILE) {
      throw new InputError(`manifest.json lists a file that is no part of a bundle: ${text(file)}.`);
    }
    const found = needed(files, file as BundleFile).sha256;
    if (found !== hash) throw new InputError(`${file} has sha256 ${found}; manifest.json says ${hash}.`);
  }
  for (const file of files.keys()) {
    if (file !== MANIFEST_FILE && !Object.hasOwn(manifest.files, file)) {
      throw new InputError(`${file} is not listed in manifest.json.`);
    }
  }
}

/** Checks the parts of the manifest against the network and against each other. */
function checkFit(manifest: Manifest, network: Network): void {
  const { scaler, scorers, threshold } = manifest;
  for (const part of ["offset", "scale", "mean"] as const) {
    const length = scaler[part]?.length ?? network.features;
    if (length !== network.features) {
      throw new InputError(`scaler.${part} has ${length} values for ${network.features} features.`);
    }
  }
  if (manifest.tfjsLayers !== isExpressibleInTfjs(network)) {
    throw new InputError(`manifest.json says tfjsLayers ${manifest.tfjsLayers}; model.json says otherwise.`);
  }
  if (new Set(scorers).size !== scorers.length) throw new InputError("scorers names one twice.");
  if (threshold !== null && !scorers.includes(threshold.scorer)) {
    throw new InputError(`threshold is for scorer ${threshold.scorer}, which is not among the scorers.`);
  }
  if (threshold?.method === "conformal" && manifest.calibration?.[threshold.scorer] === undefined) {
    throw new InputError(`The threshold for scorer ${threshold.scorer} is without a calibration sample.`);
  }
}

function calendarOf(manifest: Manifest): Calendar | undefined {
  return decodeInput(new Map(sectionsOf(manifest)));
}

/** Makes the model ready to score, with what its scorers have learnt. */
function prepareScoringOf(manifest: Manifest, fitted: FittedScorers): ScoringModel {
  const { timesteps, features, heads, scaler, clip, minCoverage, loss } = manifest;
  const shape = { timesteps, features: features.length, heads, calendar: calendarOf(manifest) };
  const scoring = prepareScoring({ ...shape, scaler, clip, minCoverage, loss, fitted });
  for (const scorer of manifest.scorers) {
    if (!scoring.has(scorer)) throw new InputError(`scorers.bin has no parameters for scorer ${scorer}.`);
  }
  return scoring;
}

function decodeCalibrationOf(manifest: Manifest, bytes: Uint8Array | undefined): Calibration | undefined {
  if (manifest.calibration === null) {
    if (bytes === undefined) return undefined;
    throw new InputError("calibration.bin exists, but manifest.json has no calibration.");
  }
  if (bytes === undefined) throw new InputError("calibration.bin is missing.");
  const calibration = decodeCalibration(bytes);
  const sizes = calibrationSizes(calibration);
  for (const scorer of SCORER_NAMES) {
    const [found, said] = [sizes?.[scorer], manifest.calibration[scorer]];
    if (
      found?.windows !== said?.windows ||
      found?.windowBlocks !== said?.windowBlocks ||
      found?.timesteps !== said?.timesteps
    ) {
      throw new InputError(
        `calibration.bin holds other samples of scorer ${scorer} than manifest.json says.`,
      );
    }
  }
  return calibration;
}

/**
 * Checks a request body: it has `windows` of the shape of this model, or a `series` of at least one window; a series with
 * timestamps for a model that reads the calendar.
 */
function checkSample(json: unknown, manifest: Manifest, calendar: Calendar | undefined): void {
  const { timesteps, features } = manifest;
  const body = object(json, "sample.json");
  const rows = (value: unknown, what: string): readonly unknown[] => {
    const all = array(value, `${what} of sample.json`);
    for (const row of all) {
      const readings = array(row, `A row of ${what} of sample.json`);
      if (
        readings.length !== features.length ||
        !readings.every((reading) => reading === null || Number.isFinite(reading))
      ) {
        throw new InputError(`${what} of sample.json has a row that is not ${features.length} readings.`);
      }
    }
    return all;
  };
  if (body["series"] !== undefined) {
    if (rows(body["series"], "series").length < timesteps) {
      throw new InputError(`series of sample.json is shorter than a window of ${timesteps} rows.`);
    }
    if (calendar !== undefined) array(body["timestamps"], "timestamps of sample.json");
    return;
  }
  if (calendar !== undefined) {
    throw new InputError("sample.json has no series: a model that reads the calendar takes no windows.");
  }
  const windows = array(body["windows"], "windows of sample.json");
  if (windows.length === 0 || windows.some((window) => rows(window, "windows").length !== timesteps)) {
    throw new InputError(`windows of sample.json has to hold windows of ${timesteps} rows.`);
  }
}
