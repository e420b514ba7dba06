/** Publishes what took long to train without losing it where the store of models turns out to be full, read-only or away. */
import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { publishBundle } from "../registry/bundle.js";
import type { BundleContents } from "../registry/bundle-files.js";
import { explain, explainInSentence } from "../registry/folder-files.js";
import type { ModelStore, Published, PublishingJob } from "../registry/model-store.js";

/**
 * Publishes the next version of a model; where the store refuses that, keeps the bundle in a folder for temporary files.
 * @param job where a job publishes: nothing is kept elsewhere, since its data are there to try again.
 * @returns as `publish` of the store.
 * @throws InputError: as `publish`; or why it is not published, where it is kept, and how it gets into place.
 */
export async function publishOrKeep(
  store: ModelStore,
  name: string,
  contents: BundleContents,
  job?: PublishingJob,
): Promise<Published> {
  if (job !== undefined) {
    const training = { ...contents.training, job: job.id };
    return store.publish(name, { ...contents, training }, job);
  }
  try {
    return await store.publish(name, contents);
  } catch (error) {
    const isOfStore = error instanceof ResiduaError || (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!isOfStore) throw error;
    const why = `The next version of "${name}" could not be published in ${store.place}: ${explainInSentence(error)}`;
    const kept = await keep(store, name, contents).catch((cause: unknown) => {
      throw new InputError(`${why} Nor could it be kept elsewhere: ${explain(cause)}.`, { cause });
    });
    const target = store.placeOf(name, kept.version);
    const copy = target.startsWith("s3:") ? "aws s3 cp --recursive" : "cp -r";
    throw new InputError(
      `${why} What was learnt is kept in ${kept.folder}: once the cause is removed, publish it with ${copy} ${kept.folder} ${target}.`,
      { cause: error },
    );
  }
}

/** Publishes under the number that would be next in the store, since a bundle is of one number. */
async function keep(store: ModelStore, name: string, contents: BundleContents): Promise<Published> {
  const highest = await store.highestVersion(name).catch(() => 0);
  const folder = await mkdtemp(join(tmpdir(), "residua-kept-"));
  const before = join(folder, name, String(highest));
  if (highest > 0) await mkdir(before, { recursive: true });
  const kept = await publishBundle(folder, name, contents);
  if (highest > 0) await rmdir(before);
  return kept;
}
