/**
 * The keys of models in a bucket:
 *
 *   <prefix>/<name>/<version>/<file>   as in a folder; manifest.json comes last, and is empty once the version is deleted
 *   <prefix>/<name>/aliases.json
 *   <prefix>/.jobs/<job>               which version a job publishes
 */
import { randomUUID } from "node:crypto";
import { ALIASES_FILE } from "../aliases.js";
import { MANIFEST_FILE } from "../bundle-files.js";
import type { S3Address } from "./address.js";
import { withoutConditions } from "./failures.js";
import { Listing, type ModelObjects, type VersionObjects } from "./listing.js";
import type { Condition, ObjectClient } from "./object-client.js";

/** An empty object that publishers try to write on conditions that do not hold. */
const CONDITIONS_KEY = ".conditions";

export class ModelBucket {
  readonly client: ObjectClient;
  /** s3://bucket/prefix, without a slash at the end. */
  readonly place: string;
  readonly #prefix: string;
  #conditions: Promise<void> | undefined;

  constructor(client: ObjectClient, { bucket, prefix }: S3Address) {
    this.client = client;
    this.#prefix = prefix;
    this.place = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
  }

  /** The address of a version, for people. */
  placeOf(name: string, version: string): string {
    return `${this.place}/${name}/${version}`;
  }

  /** The key of a file of a version; with an empty file name, what the keys of all its files begin with. */
  fileKey(name: string, version: string, file: string): string {
    return `${this.#prefix}${name}/${version}/${file}`;
  }

  manifestKey(name: string, version: string): string {
    return this.fileKey(name, version, MANIFEST_FILE);
  }

  aliasesKey(name: string): string {
    return `${this.#prefix}${name}/${ALIASES_FILE}`;
  }

  /** The key of the object that says which version a job publishes. */
  jobKey(id: string): string {
    return `${this.#prefix}.jobs/${id}`;
  }

  /** All models, also those without a version. @param onOddName as for `Listing`. */
  async listModels(onOddName: (name: string) => void): Promise<ReadonlyMap<string, ModelObjects>> {
    const listing = new Listing(this.#prefix, onOddName);
    // "/" comes after "." and before all that names begin with: hidden keys are not even listed.
    for await (const page of this.client.list(this.#prefix, `${this.#prefix}/`)) {
      for (const object of page) listing.add(object);
    }
    return listing.models;
  }

  /** The objects of one model; undefined where there are none. */
  async listModel(name: string): Promise<ModelObjects | undefined> {
    const listing = new Listing(this.#prefix);
    for await (const page of this.client.list(`${this.#prefix}${name}/`)) {
      for (const object of page) listing.add(object);
    }
    return listing.models.get(name);
  }

  /** The objects of one version; none where there is none. No bundle has more than the first page. */
  async listVersion(name: string, version: string): Promise<VersionObjects> {
    const listing = new Listing(this.#prefix);
    for await (const page of this.client.list(this.fileKey(name, version, ""))) {
      for (const object of page) listing.add(object);
      break;
    }
    return listing.models.get(name)?.versions.get(version) ?? new Map();
  }

  /**
   * Checks, once, that the store keeps to conditions of writes: without them two publishers could overwrite each other.
   * @throws ResiduaError CONFLICT where it does not.
   */
  checkConditions(): Promise<void> {
    this.#conditions ??= this.#checkConditions().catch((error: unknown) => {
      this.#conditions = undefined;
      throw error;
    });
    return this.#conditions;
  }

  async #checkConditions(): Promise<void> {
    const key = `${this.#prefix}${CONDITIONS_KEY}`;
    const put = (condition: Condition): Promise<string | undefined> =>
      this.client.put(key, new Uint8Array(0), randomUUID(), condition);
    // It may be the first time; by the second attempt, the object is there.
    const isCreatedTwice = (await put("new")) !== undefined && (await put("new")) !== undefined;
    const wrong = { etag: `"${"0".repeat(32)}"` };
    if (!isCreatedTwice && (await put(wrong)) === undefined) return;
    await this.client.remove(key);
    throw withoutConditions();
  }
}
