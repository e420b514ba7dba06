/** The body of a request that is a data file, read as the files are that a model is trained on. */
import { basename } from "node:path";
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { bytesSource } from "../data/source.js";
import { InputError, ResiduaError } from "../errors.js";
import type { Manifest } from "../registry/manifest.js";
import type { RawBody } from "./raw-body.js";

/** What a body is called in messages where its sender gives no name. */
const NAMELESS = "body";

/**
 * Reads a body with the features of a model, in its order. Unlike `readBodyTable`, it takes rows in any order of time, and
 * of several groups.
 *
 * @param name of the file, for messages.
 * @throws ResiduaError INVALID_REQUEST, with file, line and column, where it cannot be read.
 */
export async function readDataBody(
  body: RawBody,
  manifest: Manifest,
  name: string = NAMELESS,
): Promise<Dataset> {
  // A name without folders: messages go into a line of a page or a terminal.
  const shown = basename(name.replaceAll("\\", "/")).slice(-100) || NAMELESS;
  try {
    return await readDataset([bytesSource(shown, body.toBytes())], {
      ...modelDatasetOptions(readDataSection(manifest), {}),
      columns: manifest.features.map((feature) => feature.name),
    });
  } catch (error) {
    if (error instanceof InputError)
      throw new ResiduaError("INVALID_REQUEST", error.forRequest, { cause: error });
    throw error;
  }
}
