/**
 * Publishes a version in an object store. Whoever writes model.json of a number first has that number; the other files
 * follow, and manifest.json comes last, which makes the version visible. Each write asks that nothing be there, so that of
 * several publishers each has a number of its own, and all files under it are its own.
 *
 * A number that a publisher did not finish stays unused (sweeping.ts).
 */
import { createHash, randomUUID } from "node:crypto";
import { ResiduaError } from "../../errors.js";
import { decodeFiles } from "../bundle-decoder.js";
import {
  type BundleContents,
  type BundleFile,
  encodeFiles,
  encodeManifest,
  type FileContent,
  type Files,
  MANIFEST_FILE,
} from "../bundle-files.js";
import { checkModelName } from "../manifest.js";
import type { Published, PublishingJob } from "../model-store.js";
import { completeClaim, type JobClaim, makeClaim, readClaim } from "./job-claims.js";
import { highestNumber } from "./listing.js";
import type { ModelBucket } from "./model-bucket.js";
import { giveUp, sweep } from "./sweeping.js";

/** The file that decides who has a number. */
const FIRST_FILE = "model.json";
/** How many numbers in a row may turn out to be others'. */
const MOST_TAKEN = 100;

/** As `publish` of a store. */
export async function publishObjects(
  bucket: ModelBucket,
  name: string,
  contents: BundleContents,
  job: PublishingJob | undefined,
): Promise<Published> {
  checkModelName(name);
  const files = encodeFiles(contents);
  await bucket.checkConditions();
  const begun = job === undefined ? undefined : await readClaim(bucket, job.id);
  if (begun !== undefined) return complete(bucket, begun);
  const before = await bucket.listModel(name);
  const writer = randomUUID();
  const first = highestNumber(before) + 1;
  for (let number = first; number < first + MOST_TAKEN; number++) {
    const version = String(number);
    const manifest = encodeManifest(contents, files, name, version);
    decodeFiles(new Map([...files, [MANIFEST_FILE, manifest]]));
    if (!(await upload(bucket, { name, version, files, writer }))) continue;
    const published = await show(bucket, { name, version, manifest, writer, job });
    if (published === undefined) continue;
    await sweep(bucket, name, before, bucket.fileKey(name, version, FIRST_FILE));
    return published;
  }
  throw new ResiduaError(
    "CONFLICT",
    `Each of the numbers ${first} to ${first + MOST_TAKEN - 1} of model "${name}" was taken by others just before; try again.`,
    { retryAfterSeconds: 5 },
  );
}

interface Upload {
  readonly name: string;
  readonly version: string;
  readonly files: Files;
  readonly writer: string;
}

/** Writes the files but the manifest. @returns whether all of them are ours. */
async function upload(bucket: ModelBucket, { name, version, files, writer }: Upload): Promise<boolean> {
  const put = async (file: BundleFile): Promise<boolean> => {
    const key = bucket.fileKey(name, version, file);
    return (await bucket.client.put(key, files.get(file)!.bytes, writer, "new")) !== undefined;
  };
  if (!(await put(FIRST_FILE))) return false;
  const others = [...files.keys()].filter((file) => file !== FIRST_FILE);
  return (await Promise.all(others.map(put))).every((isOurs) => isOurs);
}

interface Showing {
  readonly name: string;
  readonly version: string;
  readonly manifest: FileContent;
  readonly writer: string;
  readonly job: PublishingJob | undefined;
}

/** Writes the manifest. @returns undefined where the number was taken away. */
async function show(
  bucket: ModelBucket,
  { name, version, manifest, writer, job }: Showing,
): Promise<Published | undefined> {
  if (job === undefined) {
    const etag = await bucket.client.put(bucket.manifestKey(name, version), manifest.bytes, writer, "new");
    if (etag === undefined) return undefined;
    return { version, folder: bucket.placeOf(name, version), sha256: manifest.sha256 };
  }
  const text = Buffer.from(manifest.bytes).toString("utf8");
  const claim = await makeClaim(bucket, job.id, { name, version, manifest: text });
  // Another worker was first.
  if (claim.name !== name || claim.version !== version) await giveUp(bucket, name, version);
  return complete(bucket, claim);
}

async function complete(bucket: ModelBucket, claim: JobClaim): Promise<Published> {
  await completeClaim(bucket, claim);
  const { name, version, manifest } = claim;
  const sha256 = createHash("sha256").update(manifest).digest("hex");
  return { version, folder: bucket.placeOf(name, version), sha256 };
}
