/**
 * Which version a job publishes. Two workers may have one job at the same time, where one of them fell silent and woke up
 * again. So before a job's manifest is written, it goes into an object of that job, which only the first worker can make;
 * whoever finds it there writes the manifest that it holds. A job so becomes one version at most, whoever is killed when.
 */
import { randomUUID } from "node:crypto";
import { InputError, ResiduaError } from "../../errors.js";
import { object, parseJson } from "../../network/json-guards.js";
import { FILE_LIMITS, MANIFEST_FILE } from "../bundle-files.js";
import type { ModelBucket } from "./model-bucket.js";

export interface JobClaim {
  readonly name: string;
  readonly version: string;
  /** The text of manifest.json. */
  readonly manifest: string;
}

/** The manifest as a text within JSON may take twice its bytes. */
const MOST_BYTES = 2 * FILE_LIMITS[MANIFEST_FILE] + 1024;

/** Makes the claim of a job. @returns the one that holds: this, or that of another worker who was first. */
export async function makeClaim(bucket: ModelBucket, jobId: string, claim: JobClaim): Promise<JobClaim> {
  const bytes = Buffer.from(JSON.stringify(claim));
  const etag = await bucket.client.put(bucket.jobKey(jobId), bytes, randomUUID(), "new");
  if (etag !== undefined) return claim;
  const first = await readClaim(bucket, jobId);
  if (first !== undefined) return first;
  throw new ResiduaError("CONFLICT", `What job ${jobId} publishes was removed while it was published.`);
}

/** The claim of a job; undefined where it has none. @throws InputError where it is damaged. */
export async function readClaim(bucket: ModelBucket, jobId: string): Promise<JobClaim | undefined> {
  const what = `The object .jobs/${jobId}`;
  const content = await bucket.client.get(bucket.jobKey(jobId), (bytes) => {
    if (bytes > MOST_BYTES) throw new InputError(`${what} has ${bytes} bytes; the most is ${MOST_BYTES}.`);
  });
  if (content === undefined) return undefined;
  const json = object(parseJson(Buffer.from(content.bytes).toString("utf8"), what), what);
  const { name, version, manifest } = json;
  if (typeof name === "string" && typeof version === "string" && typeof manifest === "string") {
    return { name, version, manifest };
  }
  throw new InputError(`${what} does not say which version the job publishes.`);
}

/** Writes the manifest of a claim, unless it was written before; it may have been deleted since. */
export async function completeClaim(
  bucket: ModelBucket,
  { name, version, manifest }: JobClaim,
): Promise<void> {
  const key = bucket.manifestKey(name, version);
  await bucket.client.put(key, Buffer.from(manifest), randomUUID(), "new");
}
