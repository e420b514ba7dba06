/** The body of a request that is a data file, read as the files are that a model is trained on. */
import { basename } from "node:path";
import { describeDifferences } from "../data/compared-data.js";
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { describeShortRuns } from "../data/short-runs.js";
import { bytesSource } from "../data/source.js";
import { InputError, ResiduaError } from "../errors.js";

/** What a body is called in messages where its sender gives no name. */
const NAMELESS = "body";

/** How a data file is read: what a manifest says of it. */
export interface DataReading {
  /** Of the file, for messages. */
  readonly name: string | undefined;
  /** Of the model, with its section `data` where it has one. */
  readonly manifest: { readonly features: readonly { readonly name: string }[]; readonly timesteps: number };
}

/** What a data file holds, for a model. */
export interface DataBody {
  readonly kind: "data";
  /** [F], in the model's order. */
  readonly features: readonly string[];
  readonly maxGapMs: number | undefined;
  /** Sentences: what was found out about the file, and what looks odd in it. */
  readonly notes: readonly string[];
  /** One for each group, in order of time. */
  readonly series: readonly {
    readonly group: string | undefined;
    readonly rows: number;
    readonly timestampsMs: Float64Array | undefined;
    /** [rows, F]; NaN where a reading is missing. */
    readonly values: Float64Array;
  }[];
}

/**
 * Reads a body with the features of a model, in its order. Unlike `readBodyTable`, it takes rows in any order of time, and
 * of several groups.
 *
 * @throws ResiduaError INVALID_REQUEST, with file, line and column, where it cannot be read.
 */
export async function readDataBody(
  body: Uint8Array,
  { name = NAMELESS, manifest }: DataReading,
): Promise<DataBody> {
  // A name without folders: messages go into a line of a page or a terminal.
  const shown = basename(name.replaceAll("\\", "/")).slice(-100) || NAMELESS;
  const section = readDataSection(manifest);
  let dataset: Dataset;
  try {
    dataset = await readDataset([bytesSource(shown, body, true)], {
      ...modelDatasetOptions(section, {}),
      columns: manifest.features.map((feature) => feature.name),
    });
  } catch (error) {
    if (error instanceof InputError)
      throw new ResiduaError("INVALID_REQUEST", error.forRequest, { cause: error });
    throw error;
  }
  const { features, maxGapMs, notes, taken, series } = dataset;
  const differences = section === undefined || taken === undefined ? [] : describeDifferences(section, taken);
  return {
    kind: "data",
    features,
    maxGapMs,
    notes: [...notes, ...differences, ...describeShortRuns(dataset, manifest.timesteps)],
    series: series.map(({ group, rows, timestampsMs, values }) => ({ group, rows, timestampsMs, values })),
  };
}
