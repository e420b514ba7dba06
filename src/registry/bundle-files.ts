/** The files of a bundle, and how what is published becomes them. Nothing here touches the disk. */

import { createHash } from "node:crypto";
import { describeNetwork, writeLayersModel } from "../network/layers-model.js";
import { MAX_PARAMETERS, type Network } from "../network/network.js";
import { isExpressibleInTfjs } from "../network/topology-writer.js";
import type { Weights } from "../network/weights.js";
import { type Calibration, encodeCalibration } from "../scoring/thresholds.js";
import { encodeGolden, type Golden } from "./golden.js";
import { MANIFEST_SCHEMA_VERSION, type Manifest, SCORER_NAMES } from "./manifest.js";

export const MANIFEST_FILE = "manifest.json";

const MEBIBYTE = 1024 * 1024;

/** Every file of a bundle, with the most bytes it may have. */
export const FILE_LIMITS = {
  [MANIFEST_FILE]: 4 * MEBIBYTE,
  "model.json": 4 * MEBIBYTE,
  // Every parameter is there once, a tied one twice.
  "weights.bin": 8 * MAX_PARAMETERS,
  "golden.json": 64 * MEBIBYTE,
  "sample.json": 16 * MEBIBYTE,
  "calibration.bin": MEBIBYTE,
} as const;
export type BundleFile = keyof typeof FILE_LIMITS;

/** What a manifest says that does not follow from the other parts of a bundle. */
type Described = Pick<
  Manifest,
  "family" | "features" | "scaler" | "clip" | "minCoverage" | "loss" | "scorers" | "threshold" | "training"
>;

/** What there is to publish. */
export interface BundleContents extends Described {
  readonly network: Network;
  readonly weights: Weights;
  /** Undefined where no window was kept back to calibrate with. */
  readonly calibration: Calibration | undefined;
  /** From `recordGolden` with the executable that serves. */
  readonly golden: Golden;
  /** A request body with real windows, as `POST .../score` takes it. */
  readonly sampleBody: object;
  /** RFC 3339; now, if left out. */
  readonly createdAt?: string | undefined;
}

export type Files = ReadonlyMap<BundleFile, Uint8Array>;

/** sha256 in hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The files of a bundle but its manifest. Throws InputError where the weights are not the network's. */
export function encodeFiles(contents: BundleContents): Files {
  const { network, calibration } = contents;
  const { modelJson, weightsBin } = writeLayersModel(network, contents.weights);
  const files = new Map<BundleFile, Uint8Array>([
    ["model.json", Buffer.from(`${JSON.stringify(modelJson, undefined, 1)}\n`)],
    ["weights.bin", weightsBin],
    ["golden.json", Buffer.from(encodeGolden(network, contents.golden))],
    ["sample.json", Buffer.from(`${JSON.stringify(contents.sampleBody)}\n`)],
  ]);
  if (calibration !== undefined) files.set("calibration.bin", encodeCalibration(calibration));
  return files;
}

/** The bytes of manifest.json for files from `encodeFiles`. */
export function encodeManifest(
  contents: BundleContents,
  files: Files,
  name: string,
  version: string,
): Uint8Array {
  const { features: _, ...network } = describeNetwork(contents.network);
  const manifest: Manifest = {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    name,
    version,
    createdAt: contents.createdAt ?? new Date().toISOString(),
    files: Object.fromEntries([...files].map(([file, bytes]) => [file, sha256Of(bytes)])),
    family: contents.family,
    timesteps: network.timesteps,
    inputSteps: network.inputSteps,
    features: contents.features,
    heads: [...network.heads],
    embeddingLayer: network.embeddingLayer,
    ties: [...network.ties],
    tfjsLayers: isExpressibleInTfjs(contents.network),
    scaler: contents.scaler,
    clip: contents.clip,
    minCoverage: contents.minCoverage,
    loss: contents.loss,
    scorers: contents.scorers,
    threshold: contents.threshold,
    calibration: calibrationSizes(contents.calibration),
    training: contents.training,
  };
  return Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** What the manifest says of calibration.bin. */
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
