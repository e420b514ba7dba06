/** Opens the store of models that a setting names. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_FILE } from "./bundle-files.js";
import { FolderStore } from "./folder-store.js";
import type { ModelStore } from "./model-store.js";
import { isS3Address } from "./s3/address.js";
import { S3Store } from "./s3/s3-store.js";

/** Where models are, as plain data, which can be sent to another process. Region and credentials are in the environment. */
export interface StoreLocation {
  /** A folder, or s3://bucket/prefix. */
  readonly place: string;
  /** As for `FolderStore`. */
  readonly flatName?: string | undefined;
  /** The address of the object store; undefined for Amazon's. */
  readonly endpoint?: string | undefined;
  /** A folder on this machine for what is fetched from an object store. */
  readonly cacheFolder: string;
  /** The most bytes that it keeps of that. */
  readonly cacheBytes: number;
}

/**
 * Where files lie that belong to the models, but are no models: the folder of models itself, or one on this machine for
 * models in an object store.
 */
export function besideModels({ place, cacheFolder }: StoreLocation): string {
  if (!isS3Address(place)) return place;
  const hash = createHash("sha256").update(place).digest("hex").slice(0, 16);
  return join(cacheFolder, `beside-${hash}`);
}

/**
 * Opens a store; nothing is read yet. Close it after use.
 * @param warn is told what does not stop it, but should be known.
 * @throws InputError where the address is none, or what it needs is not installed.
 */
export function openStore(
  location: StoreLocation,
  warn: (sentence: string) => void = (sentence) => process.stderr.write(`${sentence}\n`),
): ModelStore {
  const { place, flatName } = location;
  const isFlat = !isS3Address(place) && existsSync(join(place, MANIFEST_FILE));
  if (flatName !== undefined && !isFlat) {
    warn(
      `RESIDUA_MODEL_NAME has no effect: there is no ${MANIFEST_FILE} in ${place}, so its models are called as their folders are.`,
    );
  }
  if (!isS3Address(place)) return new FolderStore(place, flatName);
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  // Amazon's client reads the second one nowhere, and other stores take any.
  const region =
    AWS_REGION ?? AWS_DEFAULT_REGION ?? (location.endpoint === undefined ? undefined : "us-east-1");
  return new S3Store({ ...location, region, warn });
}
