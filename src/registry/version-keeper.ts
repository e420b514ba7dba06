/** Brings versions up and takes them down. A new version is loaded beside the old one, never in its place. */
import type { Engine } from "../engine/engine.js";
import { InputError } from "../errors.js";
import { LeasedModel } from "./leased-model.js";
import { LookRota } from "./look-rota.js";
import { checkRoom, memoryRoom, NoRoomError } from "./memory-room.js";
import type { ModelEntry } from "./model-entry.js";
import type { ModelStore } from "./model-store.js";
import { loadModel, type Slot } from "./served-model.js";
import type { VersionEntry } from "./version-entry.js";

/** What is used of a pino logger. */
export interface RegistryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * The outcome of bringing up a version: it is live; its bundle is refused until its files change; or
 * something else failed (the engine, the disk, the object store), which says nothing about the bundle, so that it is tried
 * again.
 */
export type Outcome = "live" | "refused" | "failed";

export interface VersionKeeperOptions {
  readonly store: ModelStore;
  readonly engine: Engine;
  /** What to derive from each version when it is loaded. */
  readonly slots?: readonly Slot<unknown>[];
  readonly log: RegistryLog;
  /** How many of the newest valid versions of each name are live; at least 1. */
  readonly liveVersions: number;
  /** Bytes of memory that opening a version may take; by default, what the process may still use. */
  readonly memoryRoom?: (() => number) | undefined;
  /** Versions whose files are looked at in one look at the folder; 200 by default. */
  readonly checkedPerLook?: number | undefined;
}

/** With more than one, a version that takes long does not hold up those of other models; each takes memory meanwhile. */
const CONCURRENT_OPENINGS = 3;

export class VersionKeeper {
  readonly #store: ModelStore;
  readonly #engine: Engine;
  readonly #slots: readonly Slot<unknown>[];
  readonly #log: RegistryLog;
  readonly #liveVersions: number;
  readonly #memoryRoom: () => number;
  readonly #rota: LookRota;
  readonly #stopped = new AbortController();
  /** How many more versions may be opened at once, and what waits to open one. */
  #openings = CONCURRENT_OPENINGS;
  readonly #waiting: (() => void)[] = [];
  readonly #draining = new Set<LeasedModel>();

  constructor(options: VersionKeeperOptions) {
    this.#store = options.store;
    this.#engine = options.engine;
    this.#slots = options.slots ?? [];
    this.#log = options.log;
    this.#liveVersions = options.liveVersions;
    this.#memoryRoom = options.memoryRoom ?? memoryRoom;
    this.#rota = new LookRota(options.checkedPerLook);
  }

  /** To be called before the models are followed after a look at the folder. */
  beginLook(): void {
    this.#rota.begin();
  }

  /** Marks the versions as loading that will be opened, as far as that is known before anything is opened. */
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

  /** Brings up the wanted versions of a model, newest first, and then takes down the others. */
  async follow(entry: ModelEntry): Promise<void> {
    const wanted = new Set<VersionEntry>();
    const stored = [...entry.versions.values()].filter(({ isStored }) => isStored);
    const aliased = new Set(entry.aliasFile.aliases.values());
    let live = 0;
    let isSettled = true;
    for (const version of stored) {
      if (live === this.#liveVersions && !aliased.has(version.version)) continue;
      if (this.#stopped.signal.aborted) return;
      const outcome = await this.#lookAt(entry, version);
      if (outcome === "failed") isSettled = false;
      if (outcome === "refused") continue;
      wanted.add(version);
      if (outcome === "live" && live < this.#liveVersions) live++;
    }
    // A version that failed may be live after the next poll: until then, those that serve stay.
    if (!isSettled) return;
    // The aliases may have been read anew meanwhile: what they name now stays, or is brought up next.
    const named = new Set(entry.aliasFile.aliases.values());
    const unwanted = [...entry.versions.values()].filter(
      (version) => !wanted.has(version) && !(version.isStored && named.has(version.version)),
    );
    const retired = unwanted.map((version) => this.retire(entry, version));
    for (const version of entry.versions.values()) version.loading = false;
    this.markWanted(entry);
    entry.refreshRoutes();
    await Promise.all(retired);
    for (const version of [...entry.versions.values()]) entry.forgetIfGone(version);
  }

  /** Reads the hashes of versions that were never opened, so that listings have them. */
  async noteHashes(entry: ModelEntry): Promise<void> {
    for (const version of [...entry.versions.values()]) {
      if (version.sha256 !== undefined) continue;
      version.sha256 = await this.#store.readManifest(entry.name, version.version).then(
        ({ sha256 }) => sha256,
        // What may pass is asked again the next time.
        (error: unknown) => (error instanceof InputError ? null : undefined),
      );
    }
  }

  /** Brings up a version where that has not been done, or where it is its turn to have its files looked at. */
  async #lookAt(entry: ModelEntry, version: VersionEntry): Promise<Outcome> {
    const { live, reason, fingerprint } = version;
    const isKnown = (live !== undefined || reason !== undefined) && fingerprint !== undefined;
    if (this.#rota.isTurnOf(version) || !isKnown) return this.bringUp(entry, version);
    return live === undefined ? "refused" : "live";
  }

  /** Opens a version, unless its files have not changed since it was opened or refused. */
  async bringUp(entry: ModelEntry, version: VersionEntry): Promise<Outcome> {
    const fields = { model: entry.name, version: version.version };
    try {
      const fingerprint = await this.#store.fingerprint(entry.name, version.version);
      const isKnown = version.live !== undefined || version.reason !== undefined;
      if (!isKnown || fingerprint !== version.fingerprint) {
        const before = version.reason;
        // A version that is tried again, since there may be room for it by now, stays refused meanwhile.
        const isAgain = before !== undefined && version.fingerprint === undefined;
        version.loading = version.live === undefined && !isAgain;
        const startedMs = performance.now();
        const mayChange = await this.#inTurn(() => this.#open(entry, version));
        version.fingerprint = mayChange ? undefined : fingerprint;
        if (version.reason === undefined || version.reason !== before || !mayChange) {
          this.#report(fields, version, Math.round(performance.now() - startedMs));
        }
      }
    } catch (error) {
      if (!this.#stopped.signal.aborted) {
        this.#log.warn({ ...fields, err: error }, "the version could not be opened; it is tried again");
      }
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
      this.#log.warn({ ...fields, reason }, "the version serves on; what is now in its place is refused");
    }
  }

  /**
   * Reads, compiles and swaps in a version. If it is refused, the reason is noted, and a version that serves
   * goes on.
   * @returns whether it may be otherwise the next time, although the files do not change.
   */
  async #open(entry: ModelEntry, version: VersionEntry): Promise<boolean> {
    try {
      checkRoom(await this.#store.fileSizes(entry.name, version.version), this.#memoryRoom());
      const bundle = await this.#store.readBundle(entry.name, version.version);
      version.sha256 = bundle.sha256;
      if (version.live?.model.sha256 !== bundle.sha256) {
        const loaded = new LeasedModel(await loadModel(bundle, this.#engine, this.#slots, this.#stopped));
        const retired = this.retire(entry, version);
        version.live = loaded;
        entry.refreshRoutes();
        await retired;
      }
      version.reason = undefined;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      version.reason = error.message;
      return error instanceof NoRoomError;
    }
    return false;
  }

  /** Runs a task when fewer than CONCURRENT_OPENINGS others run. */
  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    while (this.#openings === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#openings--;
    try {
      return await task();
    } finally {
      this.#openings++;
      this.#waiting.shift()?.();
    }
  }

  /**
   * Takes a version out of service. It closes when its last lease is released; the promise waits for that
   * only where no lease is held.
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

  /** Opens no further version. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Closes these versions and those that drain, leased or not. Runs under way are still answered. */
  async close(versions: readonly VersionEntry[]): Promise<void> {
    const live = versions.flatMap((version) => version.live ?? []);
    await Promise.all([...live, ...this.#draining].map((leased) => leased.close()));
  }
}
