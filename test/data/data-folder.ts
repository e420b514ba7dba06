/** A folder for the data files of a test. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Dataset, type DatasetOptions, readDataset } from "../../src/data/dataset.js";

export interface DataFolder {
  readonly create: () => Promise<void>;
  readonly remove: () => Promise<void>;
  /** Writes files and reads them as one data set, in the order in which they are named. */
  readonly read: (texts: Readonly<Record<string, string>>, options?: DatasetOptions) => Promise<Dataset>;
}

export function createDataFolder(): DataFolder {
  let folder: string;
  return {
    create: async () => {
      folder = await mkdtemp(join(tmpdir(), "residua-dataset-"));
    },
    remove: () => rm(folder, { recursive: true }),
    read: async (texts, options = {}) => {
      const paths = await Promise.all(
        Object.entries(texts).map(async ([name, text]) => {
          await writeFile(join(folder, name), text);
          return join(folder, name);
        }),
      );
      return readDataset(paths, options);
    },
  };
}
