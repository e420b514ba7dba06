/** What the files of a bundle hold, and whether they fit each other. Nothing here touches the disk. */
import { InputError } from "../errors.js";
import { array, object, text } from "../network/json-guards.js";
import { readLayersModel } from "../network/layers-model.js";
import type { Network } from "../network/network.js";
import { isExpressibleInTfjs } from "../network/topology-writer.js";
import type { Weights } from "../network/weights.js";
import { type Calibration, decodeCalibration } from "../scoring/thresholds.js";
import type { ScoringModel } from "../scoring/window-scoring.js";
import {
  type BundleFile,
  calibrationSizes,
  FILE_LIMITS,
  type FileContent,
  type Files,
  MANIFEST_FILE,
} from "./bundle-files.js";
import { decodeGolden, type Golden } from "./golden.js";
import { checkManifest, type Manifest, SCORER_NAMES } from "./manifest.js";

/** What was published: everything of a bundle but where it lies. */
export interface DecodedBundle {
  readonly manifest: Manifest;
  /** sha256, in hex, of manifest.json, which holds the hashes of the others: it stands for the version. */
  readonly sha256: string;
  readonly network: Network;
  readonly weights: Weights;
  readonly calibration: Calibration | undefined;
  readonly golden: Golden;
  readonly sampleBody: object;
}

/** What scoring has to know, out of a manifest. */
export function scoringModel(manifest: Manifest): ScoringModel {
  const { timesteps, features, heads, scaler, clip, minCoverage } = manifest;
  return { timesteps, features: features.length, heads, scaler, clip, minCoverage };
}

/** manifest.json, in form. Throws InputError. */
export function decodeManifest(content: FileContent): Manifest {
  return checkManifest(parseJson(content, MANIFEST_FILE));
}

/**
 * Everything a bundle's files hold.
 *
 * Throws InputError, naming the file and the thing, where a file is missing, additional or not the one that
 * was hashed, and where any two parts do not fit each other.
 */
export function decodeFiles(files: Files): DecodedBundle {
  const manifestContent = needed(files, MANIFEST_FILE);
  const manifest = decodeManifest(manifestContent);
  checkHashes(manifest, files);
  const { network, weights } = readLayersModel(
    parseJson(needed(files, "model.json"), "model.json"),
    needed(files, "weights.bin").bytes,
    { ...manifest, features: manifest.features.length },
  );
  checkFit(manifest, network);
  return {
    manifest,
    sha256: manifestContent.sha256,
    network,
    weights,
    calibration: decodeCalibrationOf(manifest, files.get("calibration.bin")?.bytes),
    golden: decodeGolden(parseJson(needed(files, "golden.json"), "golden.json"), network),
    sampleBody: decodeSample(parseJson(needed(files, "sample.json"), "sample.json"), manifest),
  };
}

function needed(files: Files, file: BundleFile): FileContent {
  const content = files.get(file);
  if (content === undefined) throw new InputError(`${file} is missing.`);
  return content;
}

function parseJson({ bytes }: FileContent, file: BundleFile): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new InputError(`${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
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

/** What the network does not say itself, and so could contradict it or another part of the manifest. */
function checkFit(manifest: Manifest, network: Network): void {
  const { scaler, scorers, threshold } = manifest;
  for (const part of ["offset", "scale", "mean"] as const) {
    const length = scaler[part]?.length ?? network.features;
    if (length !== network.features) {
      throw new InputError(`scaler.${part} has ${length} values for ${network.features} features.`);
    }
  }
  if (manifest.tfjsLayers !== isExpressibleInTfjs(network)) {
    throw new InputError(`manifest.json says tfjsLayers ${manifest.tfjsLayers}, which model.json is not.`);
  }
  if (new Set(scorers).size !== scorers.length) throw new InputError("scorers names one twice.");
  if (threshold !== null && !scorers.includes(threshold.scorer)) {
    throw new InputError(`threshold is for scorer ${threshold.scorer}, which is not among the scorers.`);
  }
  if (threshold?.method === "conformal" && manifest.calibration?.[threshold.scorer] === undefined) {
    throw new InputError(`The threshold for scorer ${threshold.scorer} is without a calibration sample.`);
  }
}

function decodeCalibrationOf(manifest: Manifest, bytes: Uint8Array | undefined): Calibration | undefined {
  if (manifest.calibration === null) {
    if (bytes === undefined) return undefined;
    throw new InputError("calibration.bin is there; manifest.json says there is no calibration.");
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

/** A request body: `windows` of this model's shape, or a `series` long enough. */
function decodeSample(json: unknown, manifest: Manifest): object {
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
    return body;
  }
  const windows = array(body["windows"], "windows of sample.json");
  if (windows.length === 0 || windows.some((window) => rows(window, "windows").length !== timesteps)) {
    throw new InputError(`windows of sample.json has to hold windows of ${timesteps} rows.`);
  }
  return body;
}
