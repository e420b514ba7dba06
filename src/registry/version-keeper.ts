/** Brings versions up and takes them down: beside each other, never in place. */
import { join } from "node:path";
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { readBundle, readManifest } from "./bundle.js";
import { fingerprintFolder } from "./fingerprint.js";
import { LeasedModel } from "./leased-model.js";
import type { ModelEntry } from "./model-entry.js";
import { loadModel, type Slot } from "./served-model.js";
import type { VersionEntry } from "./version-entry.js";

/** The part of a pino logger that is used. */
export interface RegistryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * What came of bringing up a version: it is live; its bundle is refused, until its folder changes; or something else
 * failed (the engine, the disk), which says nothing about the bundle.
 */
export type Outcome = "live" | "refused" | "failed";

export interface VersionKeeperOptions {
  readonly engine: Engine;
  /** What to derive from each version when it is loaded. */
  readonly slots?: readonly Slot<unknown>[];
  readonly log: RegistryLog;
  /** How many of the newest valid versions of each name are live; at least 1. */
  readonly liveVersions: number;
}

export class VersionKeeper {
  readonly #engine: Engine;
  readonly #slots: readonly Slot<unknown>[];
  readonly #log: RegistryLog;
  readonly #liveVersions: number;
  #isStopped = false;
  readonly #draining = new Set<LeasedModel>();

  constructor(options: VersionKeeperOptions) {
    this.#engine = options.engine;
    this.#slots = options.slots ?? [];
    this.#log = options.log;
    this.#liveVersions = options.liveVersions;
  }

  /** Marks as loading what has to be opened, as far as one can tell without opening anything. */
  markWanted(entry: ModelEntry): void {
    const stored = [...entry.versions.values()].filter(({ isStored }) => isStored);
    const valid = stored.filter(({ reason, live }) => reason === undefined || live !== undefined);
    const newest = new Set(valid.slice(0, this.#liveVersions));
    const aliased = new Set(entry.aliasFile.aliases.values());
    for (const version of stored) {
      if (!newest.has(version) && !aliased.has(version.version)) continue;
      version.loading = version.live === undefined && version.reason === undefined;
    }
  }

  /** Brings up what is wanted of a model, newest first, and then takes down what is not. */
  async follow(entry: ModelEntry): Promise<void> {
    const wanted = new Set<VersionEntry>();
    const stored = [...entry.versions.values()].filter(({ isStored }) => isStored);
    const aliased = new Set(entry.aliasFile.aliases.values());
    let live = 0;
    let isSettled = true;
    for (const version of stored) {
      if (live === this.#liveVersions && !aliased.has(version.version)) continue;
      if (this.#isStopped) return;
      const outcome = await this.bringUp(entry, version);
      if (outcome === "failed") isSettled = false;
      if (outcome === "refused") continue;
      wanted.add(version);
      if (outcome === "live" && live < this.#liveVersions) live++;
    }
    // Nothing that serves is given up for something that may be live the next time.
    if (!isSettled) return;
    const unwanted = [...entry.versions.values()].filter((version) => !wanted.has(version));
    const retired = unwanted.map((version) => this.retire(entry, version));
    for (const version of entry.versions.values()) version.loading = false;
    entry.refreshRoutes();
    await Promise.all(retired);
    for (const version of [...entry.versions.values()]) entry.forgetIfGone(version);
  }

  /** Notes the hashes of versions that were never opened, so that a listing can name them. */
  async noteHashes(entry: ModelEntry): Promise<void> {
    for (const version of [...entry.versions.values()]) {
      if (version.sha256 !== undefined) continue;
      version.sha256 = await readManifest(join(entry.folder, version.version)).then(
        ({ sha256 }) => sha256,
        () => null,
      );
    }
  }

  /** Opens a version unless it is open, or known to be broken, and its folder is as it was. */
  async bringUp(entry: ModelEntry, version: VersionEntry): Promise<Outcome> {
    const folder = join(entry.folder, version.version);
    const fields = { model: entry.name, version: version.version };
    try {
      const fingerprint = await fingerprintFolder(folder);
      const isKnown = version.live !== undefined || version.reason !== undefined;
      if (!isKnown || fingerprint !== version.fingerprint) {
        version.loading = version.live === undefined;
        const startedMs = performance.now();
        await this.#open(entry, version, folder);
        version.fingerprint = fingerprint;
        this.#report(fields, version, Math.round(performance.now() - startedMs));
      }
    } catch (error) {
      this.#log.warn({ ...fields, err: error }, "the version could not be opened; it is tried again");
      return version.live === undefined ? "failed" : "live";
    }
    version.loading = false;
    entry.refreshRoutes();
    return version.live === undefined ? "refused" : "live";
  }

  #report(fields: object, { reason, live, sha256 }: VersionEntry, ms: number): void {
    if (reason === undefined) {
      this.#log.info({ ...fields, sha256, ms }, "the version is live");
    } else if (live === undefined) {
      this.#log.warn({ ...fields, reason }, "the version is refused");
    } else {
      this.#log.warn({ ...fields, reason }, "the version serves on; what is now in its folder is refused");
    }
  }

  /** Reads, compiles and swaps in. A reason to refuse is noted; what serves already serves on. */
  async #open(entry: ModelEntry, version: VersionEntry, folder: string): Promise<void> {
    try {
      const bundle = await readBundle(folder);
      version.sha256 = bundle.sha256;
      if (version.live?.model.sha256 !== bundle.sha256) {
        const loaded = new LeasedModel(await loadModel(bundle, this.#engine, this.#slots));
        const retired = this.retire(entry, version);
        version.live = loaded;
        entry.refreshRoutes();
        await retired;
      }
      version.reason = undefined;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      version.reason = error.message;
    }
  }

  /**
   * Takes a version out of service; it closes when its last lease is released.
   * What is returned waits for that only where there is no lease.
   */
  async retire(entry: ModelEntry, version: VersionEntry): Promise<void> {
    const leased = version.live;
    version.live = undefined;
    if (leased === undefined) return;
    const fields = { model: entry.name, version: version.version, sha256: leased.model.sha256 };
    version.draining++;
    this.#draining.add(leased);
    const closed = leased
      .retire()
      .then(() => this.#log.info(fields, "the version is drained and closed"))
      .catch((error: unknown) => this.#log.warn({ ...fields, err: error }, "closing a version failed"))
      .finally(() => {
        version.draining--;
        this.#draining.delete(leased);
        entry.forgetIfGone(version);
      });
    if (!leased.isLeased) await closed;
  }

  /** Begins no other version. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Closes these versions and those that drain, whether leased or not; runs under way are still answered. */
  async close(versions: readonly VersionEntry[]): Promise<void> {
    const live = versions.flatMap((version) => version.live ?? []);
    await Promise.all([...live, ...this.#draining].map((leased) => leased.close()));
  }
}
