/** The body of a request that is a data file, read as the files are that a model is trained on. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { modelDatasetOptions, readDataSection } from "../data/data-section.js";
import { type Dataset, readDataset } from "../data/dataset.js";
import { InputError, ResiduaError } from "../errors.js";
import type { Manifest } from "../registry/manifest.js";
import type { RawBody } from "./raw-body.js";

/** What a body is called in messages where its sender gives no name. */
const NAMELESS = "body.csv";

/**
 * Reads a body with the features of a model, in its order. The reader goes through a file more than once, so the bytes
 * are put into a temporary file, which is removed before this returns.
 *
 * @param name of the file, for messages.
 * @throws ResiduaError INVALID_REQUEST, with file, line and column, where it cannot be read.
 */
export async function readDataBody(
  body: RawBody,
  manifest: Manifest,
  name: string = NAMELESS,
): Promise<Dataset> {
  const folder = await mkdtemp(join(tmpdir(), "residua-body-"));
  try {
    const path = join(folder, safeName(name));
    await write(path, body);
    return await readDataset([path], {
      ...modelDatasetOptions(readDataSection(manifest), {}),
      columns: manifest.features.map((feature) => feature.name),
    });
  } catch (error) {
    if (error instanceof InputError)
      throw new ResiduaError("INVALID_REQUEST", error.message, { cause: error });
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** No path, and no longer than file systems take. */
function safeName(name: string): string {
  const own = basename(name.replaceAll("\\", "/")).replace(/[^\p{L}\p{N}._ -]/gu, "_");
  return /^\.*$/.test(own) ? NAMELESS : own.slice(-60);
}

async function write(path: string, { pieces }: RawBody): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}
