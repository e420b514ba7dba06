/** Takes a version out of a folder of models. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ResiduaError } from "../errors.js";
import { checkUnnamed, readAliases, refuseDamaged } from "./aliases.js";
import { syncFolder, temporaryName } from "./durable-files.js";
import { explain, isReadOnly } from "./folder-files.js";
import { keepHighest } from "./highest-version.js";

/**
 * Deletes a version: at once for all who open it from now on. What has it in memory answers the requests that are under
 * way. Its number is never given again.
 *
 * @throws ResiduaError VERSION_NOT_FOUND where there is none, CONFLICT where an alias names it or the folder is read-only,
 *   MODEL_NOT_READY where the aliases cannot be read.
 */
export async function deleteVersion(modelFolder: string, name: string, version: string): Promise<void> {
  await checkAliases(modelFolder, name, version);
  const folder = join(modelFolder, version);
  const gone = join(modelFolder, temporaryName());
  try {
    await keepHighest(modelFolder);
    await rename(folder, gone);
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, name, version);
  }
  try {
    // An alias may have been set meanwhile.
    await checkAliases(modelFolder, name, version);
  } catch (error) {
    await rename(gone, folder);
    throw error;
  }
  await syncFolder(modelFolder);
  await rm(gone, { recursive: true, force: true });
}

async function checkAliases(modelFolder: string, name: string, version: string): Promise<void> {
  const aliases = await readAliases(modelFolder).catch(refuseDamaged("No version can be deleted"));
  checkUnnamed(aliases, name, version);
}

function explained(error: NodeJS.ErrnoException, name: string, version: string): Error {
  if (error.code === "ENOENT") {
    return new ResiduaError("VERSION_NOT_FOUND", `Model "${name}" has no version ${version}.`);
  }
  if (!isReadOnly(error)) return error;
  return new ResiduaError(
    "CONFLICT",
    `No version can be deleted here: this process may not write to the model's folder (${explain(error)}).`,
    { cause: error },
  );
}
