/**
 * Where models are published. There are two such places: a folder (folder-store.ts), and a bucket of an object store
 * (s3/s3-store.ts). Both have the same names in them: `<name>/<version>/<file>` and `<name>/aliases.json`.
 */
import type { Aliases } from "./aliases.js";
import type { Bundle } from "./bundle.js";
import type { BundleContents } from "./bundle-files.js";
import type { Manifest } from "./manifest.js";

/** A model that has a version, or whose versions cannot be read. */
export interface StoredModel {
  readonly name: string;
  /** Newest, that is highest, first; none where there is a problem. */
  readonly versions: readonly string[];
  /** Why the versions of the model cannot be read; undefined where they can. It says nothing about the other models. */
  readonly problem: string | undefined;
}

/** The version that was published. */
export interface Published {
  readonly version: string;
  /** As `placeOf` of the store says. */
  readonly folder: string;
  /** Of manifest.json, in hex. */
  readonly sha256: string;
}

/** The job that publishes a version. */
export interface PublishingJob {
  /** The training record has it as `job`. */
  readonly id: string;
  /** An existing folder. Where models are in a folder too, whoever takes this one away makes publishing fail as a whole. */
  readonly staging: string;
}

/** Aliases, and what shows whether they have changed. */
export interface AliasesRead {
  /** Undefined where they have to be read again the next time. */
  readonly fingerprint: string | undefined;
  readonly aliases: Aliases;
}

/**
 * Errors: an InputError says what is wrong with what is stored. Any other error says that it could not be read or written
 * this time: that of an object store is a ResiduaError STORE_UNAVAILABLE, that of a folder one of the system, of which
 * `asAnswer` (store-failures.ts) makes the same.
 */
export interface ModelStore {
  /** The folder, or s3://bucket/prefix. */
  readonly place: string;
  /** The subject of sentences about it: "The folder of models" or "The object store". */
  readonly title: string;

  /** Where a version is: its folder, or its address in the object store. */
  placeOf(name: string, version: string): string;

  /**
   * The models sorted by name. What is wrong with one of them is its own problem.
   * @param onOddName gets the names that no model can have; files and hidden names are not among them.
   */
  list(onOddName?: (name: string) => void): Promise<StoredModel[]>;

  /** Whether a version is there now. */
  has(name: string, version: string): Promise<boolean>;

  readAliases(name: string): Promise<Aliases>;

  /** The aliases, unless their fingerprint is still this one: then undefined. */
  readChangedAliases(name: string, fingerprint: string | undefined): Promise<AliasesRead | undefined>;

  /**
   * Changes the aliases of a model as they are now, whoever changed them last.
   * @param change may be called several times, each time with what is there then; what it throws is thrown.
   * @throws ResiduaError CONFLICT where nothing may be written or others change them all the time, MODEL_NOT_READY where
   *   they are damaged, so that they are not lost.
   */
  changeAliases(name: string, change: (aliases: Map<string, string>) => void): Promise<void>;

  /** What changes when a version's files change: as last listed, or as they are now. */
  fingerprint(name: string, version: string): Promise<string>;

  /** The bytes of the files of a version that belong to a bundle, by name; of what `fingerprint` looks at. */
  fileSizes(name: string, version: string): Promise<ReadonlyMap<string, number>>;

  /** manifest.json of a version alone, with its hash. */
  readManifest(name: string, version: string): Promise<{ manifest: Manifest; sha256: string }>;

  /** A version, with everything about it checked that can be checked without running it. */
  readBundle(name: string, version: string): Promise<Bundle>;

  /** @throws InputError where it is known beforehand that no version of this model could be published. */
  checkMayPublish(name: string): Promise<void>;

  /**
   * Publishes the next version of a model: readers see all of it or nothing, and of several publishers each gets a number of
   * its own. The bytes are decoded before, so that nothing is published that a registry would refuse.
   * @throws InputError where the name is not allowed, or the contents do not fit each other.
   */
  publish(name: string, contents: BundleContents, job?: PublishingJob): Promise<Published>;

  /** The highest number that a version of the model has or had, as far as is known; 0 where there was none. */
  highestVersion(name: string): Promise<number>;

  /** The version that a job has published; undefined where there is none among those whose manifest is sound. */
  publishedBy(name: string, jobId: string): Promise<string | undefined>;

  /**
   * Deletes a version: at once for all who open it from now on. Its number is never given again.
   * @throws ResiduaError VERSION_NOT_FOUND where there is none, CONFLICT where an alias names it or nothing may be written,
   *   MODEL_NOT_READY where the aliases cannot be read.
   */
  deleteVersion(name: string, version: string): Promise<void>;

  /** Ends what is under way, and lets go of connections. */
  close(): Promise<void>;
}
