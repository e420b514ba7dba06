/** The section `data` of a manifest: what a model was trained on, and how its files were read. */
import { type Resampling, resampledMaxGapMs } from "../scoring/resampling.js";
import { ROLE_NAMES } from "./column-roles.js";
import type { DatasetOptions } from "./dataset.js";
import { datasetOptions, type ReadingValues } from "./reading-options.js";
import type { DataTaken } from "./taken.js";

/** The version of the section that is written. */
const VERSION = 1;

/** The options of training that hold for the other files of a model too. */
const KEPT_OPTIONS = [
  ...ROLE_NAMES,
  "timeFormat",
  "timeZone",
  "missing",
  "keepValues",
  "decimal",
  "unitsRow",
  "maxGap",
  "resample",
  "aggregate",
] as const satisfies readonly (keyof ReadingValues)[];

/** How the files of a model are read. */
type ReadingOptions = Pick<ReadingValues, (typeof KEPT_OPTIONS)[number]>;

/** A section of a manifest. */
export interface DataSection extends DataTaken {
  readonly version: number;
  readonly reading: ReadingOptions;
}

/** The section of a model. @param reading the options that its files were read with. */
export function dataSection(taken: DataTaken, reading: ReadingValues): DataSection & Record<string, unknown> {
  const own = KEPT_OPTIONS.flatMap((name) =>
    reading[name] === undefined ? [] : [[name, reading[name]] as const],
  );
  return { version: VERSION, ...taken, reading: Object.fromEntries(own) };
}

/** The section of a manifest; undefined where it has none, or one that a newer release wrote. */
export function readDataSection(manifest: object): DataSection | undefined {
  const { data } = manifest as { readonly data?: Partial<DataSection> };
  return data?.version === VERSION && Array.isArray(data.features) ? (data as DataSection) : undefined;
}

/** How the rows of a series are resampled for a model. */
export interface ModelResampling extends Resampling {
  /** The longest time without rows that is filled with rows without readings. */
  readonly maxGapMs: number;
}

/** Undefined for a model that takes rows as they are. */
export function modelResampling(manifest: object): ModelResampling | undefined {
  const { resample, aggregate = "mean", maxGap } = readDataSection(manifest)?.reading ?? {};
  if (resample === undefined) return undefined;
  const resampling = { stepMs: resample, aggregate };
  return { ...resampling, maxGapMs: maxGap === undefined ? resampledMaxGapMs(resampling) : maxGap * 1000 };
}

/** How a file is read that a model is used on: as its training files were, but for what is given now. */
export function modelDatasetOptions(
  section: DataSection | undefined,
  given: Partial<ReadingValues>,
): DatasetOptions {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return {
    ...datasetOptions({ ...section?.reading, ...set }),
    usualRoles: ROLE_NAMES.filter((role) => set[role] === undefined),
    usualTimeFormat: section?.time?.format,
    sentinels: section?.sentinels,
  };
}
