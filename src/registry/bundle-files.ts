/** The files of a bundle, made from what is published. Nothing here touches the disk. docs/bundle-format.md describes them. */

import { createHash } from "node:crypto";
import { InputError } from "../errors.js";
import { describeNetwork, writeLayersModel } from "../network/layers-model.js";
import { MAX_PARAMETERS, type Network } from "../network/network.js";
import { isExpressibleInTfjs } from "../network/topology-writer.js";
import type { Weights } from "../network/weights.js";
import { encodeCalibration } from "../scoring/calibration-file.js";
import type { Loss } from "../scoring/losses.js";
import type { Scaler } from "../scoring/scaler.js";
import { encodeFittedScorers } from "../scoring/scorer-file.js";
import { type FittedScorers, SCORER_NAMES, type ScorerName } from "../scoring/scorers/scorers.js";
import type { Calibration } from "../scoring/thresholds.js";
import { encodeGolden, type Golden } from "./golden.js";
import {
  type Family,
  isField,
  MANIFEST_SCHEMA_VERSION,
  type Manifest,
  type Section,
  type Threshold,
} from "./manifest.js";

export const MANIFEST_FILE = "manifest.json";

const MEBIBYTE = 1024 * 1024;

/** The files of a bundle, each with the most bytes that a reader accepts. */
export const FILE_LIMITS = {
  [MANIFEST_FILE]: 4 * MEBIBYTE,
  "model.json": 4 * MEBIBYTE,
  // Four bytes for every parameter, and a tied one is there twice.
  "weights.bin": 8 * MAX_PARAMETERS,
  "golden.json": 64 * MEBIBYTE,
  "sample.json": 16 * MEBIBYTE,
  "calibration.bin": MEBIBYTE,
  "scorers.bin": 64 * MEBIBYTE,
} as const;
export type BundleFile = keyof typeof FILE_LIMITS;

/** Everything that a bundle is made from. */
export interface BundleContents {
  readonly network: Network;
  readonly weights: Weights;
  readonly family: Family;
  readonly features: readonly { readonly name: string; readonly unit: string | null }[];
  readonly scaler: Scaler;
  readonly clip: number | null;
  readonly minCoverage: number;
  readonly loss: Loss;
  /** The scorers that can be asked for, the default first. */
  readonly scorers: readonly ScorerName[];
  readonly threshold: Readonly<Threshold> | null;
  /** The fitted parameters of the scorers that have some. */
  readonly fitted?: FittedScorers | undefined;
  /** Undefined where no window was held back for calibration. */
  readonly calibration: Calibration | undefined;
  /** Windows with the outputs of the serving executable, from `recordGolden`. */
  readonly golden: Golden;
  /** A request body with real windows, as `POST .../score` takes it. */
  readonly sampleBody: object;
  /** The training record, of any form: hash of the data, options, seed, losses. */
  readonly training: Readonly<Record<string, unknown>>;
  /** RFC 3339; now, if left out. */
  readonly createdAt?: string | undefined;
  /** Further sections of the manifest, by name. */
  readonly sections?: Readonly<Record<string, Section>> | undefined;
}

export interface FileContent {
  readonly bytes: Uint8Array;
  /** In hex. */
  readonly sha256: string;
}

export type Files = ReadonlyMap<BundleFile, FileContent>;

function contentOf(bytes: Uint8Array): FileContent {
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** @throws InputError where a file of a bundle has more bytes than a reader takes. */
export function checkSize(file: BundleFile, bytes: number): void {
  if (bytes > FILE_LIMITS[file]) {
    throw new InputError(`${file} has ${bytes} bytes; the most is ${FILE_LIMITS[file]}.`);
  }
}

/**
 * The files of a bundle but its manifest.
 *
 * @throws InputError where the weights are not the network's, or a file is too large.
 */
export function encodeFiles(contents: BundleContents): Files {
  const { network, calibration, fitted } = contents;
  const { modelJson, weightsBin } = writeLayersModel(network, contents.weights);
  const files = new Map<BundleFile, FileContent>([
    ["model.json", contentOf(Buffer.from(`${JSON.stringify(modelJson, undefined, 1)}\n`))],
    ["weights.bin", contentOf(weightsBin)],
    ["golden.json", contentOf(Buffer.from(encodeGolden(network, contents.golden)))],
    ["sample.json", contentOf(Buffer.from(`${JSON.stringify(contents.sampleBody)}\n`))],
  ]);
  if (calibration !== undefined) files.set("calibration.bin", contentOf(encodeCalibration(calibration)));
  if (fitted !== undefined && fitted.size > 0) {
    files.set("scorers.bin", contentOf(encodeFittedScorers(fitted)));
  }
  for (const [file, { bytes }] of files) checkSize(file, bytes.length);
  return files;
}

/**
 * manifest.json for files from `encodeFiles`.
 *
 * @throws Error where a section has the name of a field: that is a mistake of the caller.
 */
export function encodeManifest(
  contents: BundleContents,
  files: Files,
  name: string,
  version: string,
): FileContent {
  const { scaler } = contents;
  const { features: _, ...network } = describeNetwork(contents.network);
  const { sections = {} } = contents;
  const taken = Object.keys(sections).find(isField);
  if (taken !== undefined) throw new Error(`A section of a manifest cannot be called ${taken}.`);
  const manifest: Manifest = {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    name,
    version,
    createdAt: contents.createdAt ?? new Date().toISOString(),
    files: Object.fromEntries([...files].map(([file, { sha256 }]) => [file, sha256])),
    family: contents.family,
    timesteps: network.timesteps,
    inputSteps: network.inputSteps,
    features: contents.features.map(({ name: feature, unit }) => ({ name: feature, unit })),
    heads: [...network.heads],
    embeddingLayer: network.embeddingLayer,
    ties: [...network.ties],
    tfjsLayers: isExpressibleInTfjs(contents.network),
    scaler: {
      kind: scaler.kind,
      offset: [...scaler.offset],
      scale: [...scaler.scale],
      ...(scaler.mean === undefined ? {} : { mean: [...scaler.mean] }),
    },
    clip: contents.clip,
    minCoverage: contents.minCoverage,
    loss: contents.loss,
    scorers: [...contents.scorers],
    threshold: contents.threshold,
    calibration: calibrationSizes(contents.calibration),
    training: contents.training,
    ...sections,
  };
  return contentOf(Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
}

/** The sizes of the calibration samples, as the manifest has them. */
export function calibrationSizes(calibration: Calibration | undefined): Manifest["calibration"] {
  if (calibration === undefined) return null;
  return Object.fromEntries(
    SCORER_NAMES.flatMap((scorer) => {
      const samples = calibration[scorer];
      if (samples === undefined) return [];
      const { windows, timesteps } = samples;
      return [[scorer, { windows: windows.n, windowBlocks: windows.blocks, timesteps: timesteps.n }]];
    }),
  );
}
