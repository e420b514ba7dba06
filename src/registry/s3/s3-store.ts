/**
 * Models in an object store that speaks the S3 protocol. A look at it is one listing, whose ETags say what has changed;
 * only that is fetched. Files of bundles are kept on this machine by their hashes (object-cache.ts).
 */
import { InputError } from "../../errors.js";
import type { Aliases } from "../aliases.js";
import { type Bundle, checkBundleFile, openBundle, openManifest } from "../bundle.js";
import { decodeManifest } from "../bundle-decoder.js";
import {
  type BundleContents,
  type BundleFile,
  checkSize,
  FILE_LIMITS,
  type FileContent,
  MANIFEST_FILE,
} from "../bundle-files.js";
import type { AliasesRead, ModelStore, Published, PublishingJob, StoredModel } from "../model-store.js";
import { parseS3Address } from "./address.js";
import { fetchAliases, swapAliases } from "./alias-writing.js";
import { loadAws } from "./aws-library.js";
import { StoreUnavailable } from "./failures.js";
import { completeClaim, readClaim } from "./job-claims.js";
import { highestNumber, type ModelObjects, type VersionObjects, versionsIn } from "./listing.js";
import { ModelBucket } from "./model-bucket.js";
import { ObjectCache } from "./object-cache.js";
import { ObjectClient } from "./object-client.js";
import { publishObjects } from "./publication.js";
import { deleteObjects } from "./version-deletion.js";

export interface S3StoreOptions {
  /** s3://bucket/prefix */
  readonly place: string;
  readonly endpoint?: string | undefined;
  readonly region: string | undefined;
  readonly cacheFolder: string;
  readonly cacheBytes: number;
  /** A connection on which nothing moves for so long is given up; 10 s where it is left out. */
  readonly idleMs?: number | undefined;
  /** Told what does not stop it, but should be known. */
  readonly warn: (sentence: string) => void;
}

/** The fingerprint of aliases where there are none. */
const NO_ALIASES = "none";
/** How long a job goes on trying to publish what it has learnt while the store is away. */
const JOB_PATIENCE_MS = 10 * 60 * 1000;
const FIRST_JOB_PAUSE_MS = 500;
const LONGEST_JOB_PAUSE_MS = 30_000;

export class S3Store implements ModelStore {
  readonly place: string;
  readonly title = "The object store";
  readonly #bucket: ModelBucket;
  readonly #client: ObjectClient;
  readonly #cache: ObjectCache;
  /** As last listed; undefined before. */
  #models: ReadonlyMap<string, ModelObjects> | undefined;

  /** Sends nothing yet. @throws InputError where the address is none, or the client library is not installed. */
  constructor({ place, endpoint, region, idleMs, ...cache }: S3StoreOptions) {
    const address = parseS3Address(place);
    this.#client = new ObjectClient(loadAws(), { bucket: address.bucket, endpoint, region, idleMs });
    this.#bucket = new ModelBucket(this.#client, address);
    this.#cache = new ObjectCache({
      folder: cache.cacheFolder,
      maxBytes: cache.cacheBytes,
      warn: cache.warn,
    });
    this.place = this.#bucket.place;
  }

  placeOf(name: string, version: string): string {
    return this.#bucket.placeOf(name, version);
  }

  async list(onOddName: (name: string) => void = () => {}): Promise<StoredModel[]> {
    this.#models = await this.#bucket.listModels(onOddName);
    return [...this.#models]
      .map(([name, model]) => ({ name, versions: versionsIn(model, "published"), problem: undefined }))
      .filter(({ versions }) => versions.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async has(name: string, version: string): Promise<boolean> {
    return ((await this.#client.head(this.#bucket.manifestKey(name, version)))?.bytes ?? 0) > 0;
  }

  async readAliases(name: string): Promise<Aliases> {
    return (await fetchAliases(this.#bucket, name)).aliases;
  }

  async readChangedAliases(name: string, before: string | undefined): Promise<AliasesRead | undefined> {
    const listed = this.#models?.get(name)?.aliases;
    const fingerprint = listed === undefined ? NO_ALIASES : `${listed.etag} ${listed.bytes}`;
    if (fingerprint === before) return undefined;
    return { fingerprint, aliases: listed === undefined ? new Map() : await this.readAliases(name) };
  }

  changeAliases(name: string, change: (aliases: Map<string, string>) => void): Promise<void> {
    return swapAliases(this.#bucket, name, change);
  }

  async fingerprint(name: string, version: string): Promise<string> {
    const objects = [...(await this.#objects(name, version))].sort(([a], [b]) => (a < b ? -1 : 1));
    return objects.map(([file, { etag, bytes }]) => `${file} ${etag} ${bytes}`).join("\n");
  }

  async fileSizes(name: string, version: string): Promise<ReadonlyMap<string, number>> {
    const objects = await this.#objects(name, version);
    const known = [...objects].filter(([file]) => Object.hasOwn(FILE_LIMITS, file));
    return new Map(known.map(([file, { bytes }]) => [file, bytes]));
  }

  async readManifest(name: string, version: string): ReturnType<ModelStore["readManifest"]> {
    return openManifest(await this.#fetch(name, version, MANIFEST_FILE), { name, version });
  }

  async readBundle(name: string, version: string): Promise<Bundle> {
    const objects = await this.#objects(name, version);
    for (const [file, { bytes }] of objects) {
      checkBundleFile(file);
      checkSize(file, bytes);
    }
    const manifestFile = await this.#fetch(name, version, MANIFEST_FILE);
    const hashes = decodeManifest(manifestFile).files;
    const files = new Map<BundleFile, FileContent>([[MANIFEST_FILE, manifestFile]]);
    const others = [...objects.keys()].filter((file) => file !== MANIFEST_FILE) as BundleFile[];
    await Promise.all(
      others.map(async (file) => {
        const cached = await this.#cached(hashes[file], objects.get(file)!.bytes);
        files.set(file, cached ?? (await this.#fetchAndKeep(name, version, file, hashes[file])));
      }),
    );
    return openBundle(files, { folder: this.placeOf(name, version), name, version });
  }

  async checkMayPublish(): Promise<void> {
    await this.#bucket.checkConditions();
  }

  async publish(name: string, contents: BundleContents, job?: PublishingJob): Promise<Published> {
    const startedMs = performance.now();
    for (let pauseMs = FIRST_JOB_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_JOB_PAUSE_MS)) {
      try {
        return await publishObjects(this.#bucket, name, contents, job);
      } catch (error) {
        // What a job has learnt is worth waiting for; a person is told at once, and keeps it.
        const isWorthWaiting = job !== undefined && performance.now() - startedMs < JOB_PATIENCE_MS;
        if (!(error instanceof StoreUnavailable) || !isWorthWaiting) throw error;
        await this.#client.pause(pauseMs);
      }
    }
  }

  async highestVersion(name: string): Promise<number> {
    return highestNumber(await this.#bucket.listModel(name));
  }

  async publishedBy(name: string, jobId: string): Promise<string | undefined> {
    const claim = await readClaim(this.#bucket, jobId);
    if (claim === undefined || claim.name !== name) return undefined;
    // Its worker may have died before it wrote the manifest.
    await completeClaim(this.#bucket, claim);
    return claim.version;
  }

  deleteVersion(name: string, version: string): Promise<void> {
    return deleteObjects(this.#bucket, name, version);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  /** The objects of a version as last listed; listed now where no listing has it. */
  async #objects(name: string, version: string): Promise<VersionObjects> {
    const listed = this.#models?.get(name)?.versions.get(version);
    return listed ?? this.#bucket.listVersion(name, version);
  }

  /** @throws InputError where it is missing or too large. */
  async #fetch(name: string, version: string, file: BundleFile): Promise<FileContent> {
    const key = this.#bucket.fileKey(name, version, file);
    const content = await this.#client.get(key, (bytes) => checkSize(file, bytes));
    const isDeleted = file === MANIFEST_FILE && content?.bytes.length === 0;
    if (content === undefined || isDeleted) throw new InputError(`${file} is missing.`);
    return { bytes: content.bytes, sha256: content.sha256 };
  }

  /**
   * A file that was fetched before. One of another size than the object in the store is not what the store has.
   * @param sha256 that the manifest says it has; undefined where it does not list it.
   */
  async #cached(sha256: string | undefined, bytes: number): Promise<FileContent | undefined> {
    const content = sha256 === undefined ? undefined : await this.#cache.read(sha256);
    return content?.bytes.length === bytes ? content : undefined;
  }

  async #fetchAndKeep(
    name: string,
    version: string,
    file: BundleFile,
    sha256: string | undefined,
  ): Promise<FileContent> {
    const content = await this.#fetch(name, version, file);
    if (content.sha256 === sha256) await this.#cache.keep(content);
    return content;
  }
}
