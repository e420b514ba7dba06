/** Reads a source as a version does, and has it scored. */
import { getCalibration, getManifest, getSample, readFile, scoreSeries } from "./api.js";
import {
  rowsOfFile,
  rowsOfSample,
  type SeriesRows,
  type SeriesScores,
  scoreRequestText,
  scoresOfAnswer,
} from "./series-data.js";
import type { Source } from "./series-source.js";
import type { Calibration, Manifest, ManifestAlarms } from "./service-types.js";

/** A version, as far as judging needs it. */
export interface ShownVersion {
  readonly manifest: Manifest;
  readonly calibration: Calibration;
}

export async function loadVersion(name: string, version: string): Promise<ShownVersion> {
  const [manifest, calibration] = await Promise.all([
    getManifest(name, version),
    getCalibration(name, version),
  ]);
  return { manifest, calibration };
}

/** The series of a source, as a version reads it: one for each group of a file. */
export async function loadRows(source: Source, { manifest }: ShownVersion): Promise<SeriesRows[]> {
  const { name, version, features } = manifest;
  if (source.content === undefined) {
    const names = features.map((feature) => feature.name);
    return [rowsOfSample(`Sample of ${name} ${version}`, names, await getSample(name, version))];
  }
  return rowsOfFile(source.name, await readFile(name, version, source.content, source.name));
}

const INCLUDED = ["timestepError", "featureError"];

/** @param signal ends the request where its answer is no longer wanted. */
export async function loadScores(
  rows: SeriesRows,
  { manifest }: ShownVersion,
  signal: AbortSignal,
): Promise<SeriesScores> {
  const { name, version, features, heads } = manifest;
  const head = heads.some((one) => one.name === "reconstruction") ? "reconstruction" : "prediction";
  const body = new Blob([...scoreRequestText(rows, [...INCLUDED, head])]);
  const answer = await scoreSeries(name, version, body, signal);
  return scoresOfAnswer(
    answer,
    features.map((feature) => feature.name),
    head,
  );
}

/** How a version's normal scores make events; undefined where it was published without that. */
export function alarmsOf(
  { manifest }: ShownVersion,
  { threshold }: SeriesScores,
): ManifestAlarms | undefined {
  return threshold === null ? undefined : manifest.alarms?.scorers[threshold.scorer];
}
