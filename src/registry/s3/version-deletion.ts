/** Takes a version out of an object store. */
import { randomUUID } from "node:crypto";
import { ResiduaError } from "../../errors.js";
import { checkUnnamed, refuseDamaged } from "../aliases.js";
import { checkSize, MANIFEST_FILE } from "../bundle-files.js";
import { fetchAliases } from "./alias-writing.js";
import type { ModelBucket } from "./model-bucket.js";

/**
 * As `deleteVersion` of a store. The manifest is replaced by an empty one, which stays: from then on nobody sees the
 * version, and nobody can publish under its number. Its other objects are removed after that.
 */
export async function deleteObjects(bucket: ModelBucket, name: string, version: string): Promise<void> {
  const { client } = bucket;
  await bucket.checkConditions();
  await checkAliases(bucket, name, version);
  const key = bucket.manifestKey(name, version);
  const manifest = await client.get(key, (bytes) => checkSize(MANIFEST_FILE, bytes));
  const missing = new ResiduaError("VERSION_NOT_FOUND", `Model "${name}" has no version ${version}.`);
  if (manifest === undefined || manifest.bytes.length === 0) throw missing;
  const etag = await client.put(key, new Uint8Array(0), randomUUID(), { etag: manifest.etag });
  if (etag === undefined) throw missing;
  try {
    // An alias may have been set meanwhile.
    await checkAliases(bucket, name, version);
  } catch (error) {
    await client.put(key, manifest.bytes, randomUUID(), { etag });
    throw error;
  }
  await removeFiles(bucket, name, version);
}

/** Removes all objects of a version but its manifest. */
export async function removeFiles(bucket: ModelBucket, name: string, version: string): Promise<void> {
  const objects = await bucket.listVersion(name, version);
  const keys = [...objects].filter(([file]) => file !== MANIFEST_FILE).map(([, { key }]) => key);
  await Promise.all(keys.map((key) => bucket.client.remove(key)));
}

async function checkAliases(bucket: ModelBucket, name: string, version: string): Promise<void> {
  const { aliases } = await fetchAliases(bucket, name).catch(refuseDamaged("No version can be deleted"));
  checkUnnamed(aliases, name, version);
}
