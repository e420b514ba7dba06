/** Removes what publishers and deleters left behind that did not come to their end. */
import { randomUUID } from "node:crypto";
import { StoreUnavailable } from "./failures.js";
import { type ModelObjects, stateOf, type VersionObjects } from "./listing.js";
import type { ModelBucket } from "./model-bucket.js";
import { removeFiles } from "./version-deletion.js";

/** After so long without a new object, nobody publishes under a number any more. */
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Ends the numbers that nobody has finished for a day: they are marked as deleted first, so that a publisher who wakes up
 * late takes another one. Where the store does not allow it, the next publisher tries again.
 *
 * @param model as it was listed.
 * @param justWritten the key of an object that was written after that: its time is "now" by the store's clock.
 */
export async function sweep(
  bucket: ModelBucket,
  name: string,
  model: ModelObjects | undefined,
  justWritten: string,
): Promise<void> {
  const candidates = [...(model?.versions ?? [])].filter(([, objects]) => mayBeLeft(objects));
  if (candidates.length === 0) return;
  try {
    const nowMs = (await bucket.client.head(justWritten))?.modifiedMs ?? 0;
    for (const [version, objects] of candidates) {
      const newestMs = Math.max(...[...objects.values()].map(({ modifiedMs }) => modifiedMs));
      if (nowMs - newestMs <= STALE_MS) continue;
      if (stateOf(objects) === "unfinished") await giveUp(bucket, name, version);
      else await removeFiles(bucket, name, version);
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

/**
 * Ends a number whose version nobody will finish, so that nobody else can publish under it either. A version that is whole
 * meanwhile stays.
 */
export async function giveUp(bucket: ModelBucket, name: string, version: string): Promise<void> {
  const mark = await bucket.client.put(
    bucket.manifestKey(name, version),
    new Uint8Array(0),
    randomUUID(),
    "new",
  );
  if (mark !== undefined) await removeFiles(bucket, name, version);
}

function mayBeLeft(objects: VersionObjects): boolean {
  const state = stateOf(objects);
  return state === "unfinished" || (state === "deleted" && objects.size > 1);
}
