/**
 * Keeps the versions that are live in step with the folder of models, or with the object store: "the store" below.
 *
 *   every pollSeconds: list names and versions, read aliases.json
 *     -> wanted: the targets of all aliases, and the newest `liveVersions` valid versions of each name
 *     -> open what is wanted and not live (read, check, compile, replay golden.json) beside what serves
 *     -> swap in; what is no longer wanted drains, then closes
 *
 * What is live follows from the store alone, so registries on one store agree without talking to each other.
 */
import { InputError, ResiduaError } from "../errors.js";
import { assignAlias, checkAliasName, removeAlias } from "./alias-changes.js";
import type { Lease } from "./leased-model.js";
import type { Manifest } from "./manifest.js";
import type { ModelEntry, ModelListing } from "./model-entry.js";
import { ModelsFolder } from "./models-folder.js";
import { asAnswer } from "./store-failures.js";
import type { Selection } from "./version-choice.js";
import { VersionKeeper, type VersionKeeperOptions } from "./version-keeper.js";

/** Runs a task after a delay, unless the function it returns is called first. */
export type Schedule = (task: () => void, delayMs: number) => () => void;

/** The engine stays open when the registry closes. */
export interface RegistryOptions extends VersionKeeperOptions {
  /** How often the store is looked at; 0: only when `poll` is called. */
  readonly pollSeconds: number;
  /** By default, a timer that does not keep the process alive. */
  readonly schedule?: Schedule | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not ready, one sentence each. */
  readonly problems: readonly string[];
}

export class Registry {
  readonly #options: RegistryOptions;
  readonly #models: ModelsFolder;
  readonly #keeper: VersionKeeper;
  /** Ends with the last read of the store. */
  #reading: Promise<void> = Promise.resolve();
  #nextRead: Promise<void> | undefined;
  #nextPoll: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosing = false;
  #isSettled = false;

  private constructor(options: RegistryOptions) {
    this.#options = options;
    this.#keeper = new VersionKeeper(options);
    this.#models = new ModelsFolder(options.store, this.#keeper, options.log);
  }

  /**
   * Lists the store and begins to load. `poll()` of the registry then waits until every wanted version is live or refused;
   * until then `acquire` throws MODEL_NOT_READY.
   */
  static async open(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    await registry.#read();
    const first = registry.poll();
    if (options.pollSeconds > 0) void first.then(() => registry.#pollLater());
    return registry;
  }

  #pollLater(): void {
    if (this.#isClosing) return;
    const { schedule = scheduleUnreferenced, pollSeconds } = this.#options;
    this.#cancelTimer = schedule(() => {
      void this.poll();
      // Not when every model has been followed: one that takes long to load holds up the others no longer than this.
      void this.#read().then(() => this.#pollLater());
    }, pollSeconds * 1000);
  }

  /**
   * Brings what is live in step with the store as it is after this call, or later. Never rejects: what is wrong with a
   * version is its reason in `listModels`, what is wrong with the store is in `storeProblem`.
   */
  poll(): Promise<void> {
    this.#nextPoll ??= this.#read().then(async () => {
      this.#nextPoll = undefined;
      const { isRead } = this.#models;
      this.#keeper.beginLook();
      await Promise.all([...this.#models.entries].map((entry) => this.#follow(entry)));
      if (isRead) this.#isSettled = true;
    });
    return this.#nextPoll;
  }

  /** Reads the store after this call; reads that were asked for and have not begun are one. */
  #read(): Promise<void> {
    this.#nextRead ??= this.#reading.then(async () => {
      this.#nextRead = undefined;
      await this.#models.read();
    });
    this.#reading = this.#nextRead;
    return this.#nextRead;
  }

  /** Follows a model when what is done about it has ended; models do not wait for each other. */
  #follow(entry: ModelEntry): Promise<void> {
    entry.nextFollow ??= entry.inLine(async () => {
      entry.nextFollow = undefined;
      try {
        await this.#keeper.follow(entry);
      } catch (error) {
        this.#options.log.warn({ model: entry.name, err: error }, "the model could not be followed");
      }
      await this.#keeper.noteHashes(entry);
    });
    return entry.nextFollow;
  }

  /**
   * Gives the right to use a version: the one named, or the one that the alias stands for; else the one of alias `stable`
   * if that is set, else the newest live one. The lease must be released.
   *
   * @throws ResiduaError MODEL_NOT_FOUND, VERSION_NOT_FOUND or ALIAS_NOT_FOUND with what there is, MODEL_NOT_READY while
   *   the version is being loaded, SHUTTING_DOWN.
   */
  acquire(name: string, selection: Selection = {}): Lease {
    if (this.#isClosing) throw new ResiduaError("SHUTTING_DOWN", "The service is shutting down.");
    return this.#models.find(name).acquire(selection);
  }

  /** The manifest of any version there is, live or stored. @throws as `acquire` does, and ResiduaError STORE_UNAVAILABLE. */
  async manifest(name: string, selection: Selection = {}): Promise<Manifest> {
    const entry = this.#models.find(name);
    const stored = entry.versions.get(selection.version ?? "");
    if (stored !== undefined && stored.live === undefined) {
      try {
        return (await this.#options.store.readManifest(name, stored.version)).manifest;
      } catch (error) {
        if (!(error instanceof InputError)) throw asAnswer(this.#options.store)(error);
        throw new ResiduaError(
          "VERSION_NOT_FOUND",
          `Version ${stored.version} of model "${name}" is refused: ${error.message}`,
        );
      }
    }
    const lease = entry.acquire(selection);
    lease.release();
    return lease.model.manifest;
  }

  /** Why the store could not be read the last time; undefined where it could. */
  get storeProblem(): string | undefined {
    return this.#models.problem;
  }

  /** All models with their versions, by name. */
  listModels(): ModelListing[] {
    return [...this.#models.entries].sort((a, b) => (a.name < b.name ? -1 : 1)).map((entry) => entry.list());
  }

  /**
   * Why the service is not ready to serve what can be served; undefined once the store was read and every version that
   * was found then has been loaded, refused or has failed. Later trouble with models or the store concerns those alone.
   */
  notSettled(): string | undefined {
    if (this.#isClosing) return "The service is shutting down.";
    if (this.#isSettled) return undefined;
    return this.#models.problem ?? "The models are being loaded.";
  }

  /** Why each model is not ready, one sentence each; none where its newest valid version and its aliases' are live. */
  modelProblems(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#models.entries].map((entry) => [entry.name, entry.problems()]));
  }

  /** Ready when the newest valid version of each name and every alias target is live, and there is one at all. */
  readiness(): Readiness {
    const problems = [...this.modelProblems().values()].flat();
    const listings = this.listModels();
    if (this.#isClosing) problems.push("The service is shutting down.");
    if (listings.length === 0)
      problems.push(
        this.#models.problem ?? `There is no model in ${this.#options.store.title.toLowerCase()}.`,
      );
    else if (!listings.some(({ versions }) => versions.some(({ state }) => state === "live"))) {
      problems.push("No version of any model is live.");
    }
    return { ready: problems.length === 0, problems };
  }

  /**
   * Lets an alias stand for a version, which is brought up first. Every registry on the store follows. If two
   * registries change aliases of one model at the same moment, both changes hold in an object store; in a folder, the
   * later one wins.
   * @throws ResiduaError INVALID_REQUEST for a name that no alias can have, MODEL_NOT_FOUND, VERSION_NOT_FOUND,
   *   MODEL_NOT_READY where the version could not be loaded just now, CONFLICT, STORE_UNAVAILABLE.
   */
  async setAlias(name: string, alias: string, version: string): Promise<ModelListing> {
    checkAliasName(alias);
    await this.#read();
    return this.#change(name, (entry) =>
      assignAlias(this.#options.store, this.#keeper, entry, { alias, version }),
    );
  }

  /** Takes an alias away. @throws ResiduaError MODEL_NOT_FOUND, ALIAS_NOT_FOUND, and as `setAlias`. */
  async deleteAlias(name: string, alias: string): Promise<ModelListing> {
    return this.#change(name, () => removeAlias(this.#options.store, name, alias));
  }

  /**
   * Deletes a version that no alias names.
   * @throws ResiduaError MODEL_NOT_FOUND, STORE_UNAVAILABLE, and as `deleteVersion` of the store does.
   */
  async deleteVersion(name: string, version: string): Promise<void> {
    // It may have been published after the last look.
    await this.#read();
    const entry = this.#models.find(name);
    entry.findStored(version);
    const { store } = this.#options;
    await entry.inLine(() => store.deleteVersion(name, version)).catch(asAnswer(store));
    await this.#read();
    await this.#follow(entry);
  }

  /** Changes a model's aliases when what is done about that model has ended, and follows the change. */
  async #change(name: string, change: (entry: ModelEntry) => Promise<void>): Promise<ModelListing> {
    const entry = this.#models.find(name);
    await entry.inLine(() => change(entry)).catch(asAnswer(this.#options.store));
    await this.#read();
    await this.#follow(entry);
    return this.#models.find(name).list();
  }

  /** Stops polling, and closes every version, leased or not; runs under way are still answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#keeper.stop();
    this.#cancelTimer?.();
    await this.#reading;
    await Promise.all([...this.#models.entries].map((entry) => entry.inLine(async () => undefined)));
    const versions = [...this.#models.entries].flatMap((entry) => [...entry.versions.values()]);
    await this.#keeper.close(versions);
  }
}

function scheduleUnreferenced(task: () => void, delayMs: number): () => void {
  const timer = setTimeout(task, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
