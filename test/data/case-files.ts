/** The files of test/fixtures/cases as data sets. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Dataset, type DatasetOptions, readDataset } from "../../src/data/dataset.js";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "test", "fixtures");
/** A file of test/fixtures, by its path there. */
export const fixturePath = (path: string) => join(fixtures, path);
export const casesFolder = fixturePath("cases");
/** Reads a file of test/fixtures/cases. */
export const readCase = (file: string, options: DatasetOptions = {}) =>
  readDataset([join(casesFolder, file)], options);

/** What of a data set a model learns from. */
export function learnt({ features, series, maxGapMs }: Dataset) {
  return {
    features: [...features],
    maxGapMs,
    series: series.map(({ values, timestampsMs, rows }) => ({
      rows,
      values: [...values],
      times: timestampsMs && [...timestampsMs],
    })),
  };
}

/** The readings of one feature of a data set of one series. */
export function column(dataset: Dataset, name: string): number[] {
  const at = dataset.features.indexOf(name);
  assert.ok(at >= 0, name);
  return [...dataset.series[0]!.values].filter((_, index) => index % dataset.features.length === at);
}
