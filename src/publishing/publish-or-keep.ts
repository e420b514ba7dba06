/** Publishes what took long to train without losing it where the folder of models turns out to be full or read-only. */
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, rmdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { publishBundle } from "../registry/bundle.js";
import type { BundleContents } from "../registry/bundle-files.js";
import { checkHoldsModels } from "../registry/flat-folder.js";
import { explain } from "../registry/folder-files.js";
import { highestVersion } from "../registry/highest-version.js";

/**
 * Throws InputError where a version of the model could not be published, as far as that is known beforehand: to be
 * called before the work.
 */
export async function checkMayPublish(modelsFolder: string, name: string): Promise<void> {
  await checkHoldsModels(modelsFolder);
  const folder = join(modelsFolder, name);
  let nearest = resolve(folder);
  for (;;) {
    try {
      const found = await stat(nearest);
      if (!found.isDirectory())
        throw new InputError(`${nearest} is not a folder: nothing can be published in it.`);
      return await access(nearest, constants.W_OK | constants.X_OK);
    } catch (error) {
      if (error instanceof InputError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      const isMissing = code === "ENOENT" || code === "ENOTDIR";
      if (!isMissing || nearest === dirname(nearest)) {
        throw new InputError(`Nothing can be published in ${folder}: ${explain(error)} at ${nearest}.`);
      }
      nearest = dirname(nearest);
    }
  }
}

/** The job that publishes a version. */
export interface JobOrigin {
  /** It goes into the training record, so that a job that is taken up again finds what it has published. */
  readonly id: string;
  /** As for `publishBundle`. */
  readonly staging: string;
}

/**
 * Publishes the next version of a model; where the system refuses that, keeps the bundle in a folder for temporary files.
 * @param job where a job publishes: nothing is kept elsewhere, since its data are there to try again.
 * @returns as `publishBundle`.
 * @throws InputError: as `publishBundle`; or why it is not published, where it is kept, and how it gets into place.
 */
export async function publishOrKeep(
  modelsFolder: string,
  name: string,
  contents: BundleContents,
  job?: JobOrigin,
): ReturnType<typeof publishBundle> {
  if (job !== undefined) {
    const training = { ...contents.training, job: job.id };
    return publishBundle(modelsFolder, name, { ...contents, training }, job.staging);
  }
  try {
    return await publishBundle(modelsFolder, name, contents);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const why = `The next version of "${name}" could not be published in ${modelsFolder}: ${explain(error)}.`;
    const kept = await keep(modelsFolder, name, contents).catch((cause: unknown) => {
      throw new InputError(`${why} Nor could it be kept elsewhere: ${explain(cause)}.`, { cause });
    });
    const target = join(modelsFolder, name, kept.version);
    throw new InputError(
      `${why} What was learnt is kept in ${kept.folder}: once the cause is removed, publish it with cp -r ${kept.folder} ${target}.`,
      { cause: error },
    );
  }
}

/** Publishes under the number that would be next in the folder of models, since a bundle is of one number. */
async function keep(modelsFolder: string, name: string, contents: BundleContents) {
  const highest = await highestVersion(join(modelsFolder, name)).catch(() => 0);
  const folder = await mkdtemp(join(tmpdir(), "residua-kept-"));
  const before = join(folder, name, String(highest));
  if (highest > 0) await mkdir(before, { recursive: true });
  const kept = await publishBundle(folder, name, contents);
  if (highest > 0) await rmdir(before);
  return kept;
}
