/**
 * Keeps the versions that are live in step with the folder of models.
 *
 *   every pollSeconds: list names and versions, read aliases.json
 *     -> wanted: the targets of all aliases, and the newest `liveVersions` valid versions of each name
 *     -> open what is wanted and not live (read, check, compile, replay golden.json) beside what serves
 *     -> swap in; what is no longer wanted drains, then closes
 *
 * What is live follows from the folder alone, so registries on one volume agree without talking to each
 * other.
 */
import { join } from "node:path";
import { InputError, ResiduaError } from "../errors.js";
import { assignAlias, checkAliasName, removeAlias } from "./alias-changes.js";
import { readManifest } from "./bundle.js";
import { explain } from "./folder-files.js";
import type { Lease } from "./leased-model.js";
import type { Manifest } from "./manifest.js";
import { ModelEntry, type ModelListing } from "./model-entry.js";
import { OddNames } from "./odd-names.js";
import { listStore, type StoredModel } from "./store.js";
import type { Selection } from "./version-choice.js";
import { VersionKeeper, type VersionKeeperOptions } from "./version-keeper.js";

/** Runs a task after a delay, unless the function it returns is called first. */
export type Schedule = (task: () => void, delayMs: number) => () => void;

/** The engine stays open when the registry closes. */
export interface RegistryOptions extends VersionKeeperOptions {
  /** The folder of models. */
  readonly folder: string;
  /** How often the folder is looked at; 0: only when `poll` is called. */
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
  readonly #models = new Map<string, ModelEntry>();
  readonly #keeper: VersionKeeper;
  #folderProblem: string | undefined;
  /** Polls and alias changes run one after the other; this ends with the last of them. */
  #line: Promise<unknown> = Promise.resolve();
  #nextPoll: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosing = false;
  readonly #oddNames: OddNames;

  private constructor(options: RegistryOptions) {
    this.#options = options;
    this.#keeper = new VersionKeeper(options);
    this.#oddNames = new OddNames(options.log);
  }

  /**
   * Lists the folder and begins to load. `poll()` of the registry then waits until every wanted version is
   * live or refused; until then `acquire` throws MODEL_NOT_READY.
   */
  static async open(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    await registry.#list();
    const first = registry.poll();
    if (options.pollSeconds > 0) void first.then(() => registry.#pollLater());
    return registry;
  }

  #pollLater(): void {
    if (this.#isClosing) return;
    const { schedule = scheduleUnreferenced, pollSeconds } = this.#options;
    this.#cancelTimer = schedule(() => {
      void this.poll().then(() => this.#pollLater());
    }, pollSeconds * 1000);
  }

  /**
   * Brings what is live in step with the folder as it is after this call, or later. Never rejects: what is
   * wrong with a version is its reason in `listModels`, what is wrong with the folder is in `readiness`.
   */
  poll(): Promise<void> {
    this.#nextPoll ??= this.#inLine(async () => {
      this.#nextPoll = undefined;
      await this.#list();
      for (const entry of [...this.#models.values()]) {
        try {
          await this.#keeper.follow(entry);
        } catch (error) {
          this.#options.log.warn(
            { model: entry.name, err: error },
            "the model's folder could not be followed",
          );
        }
      }
      for (const entry of [...this.#models.values()]) await this.#keeper.noteHashes(entry);
    });
    return this.#nextPoll;
  }

  #inLine<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#line.then(task);
    this.#line = run.catch(() => undefined);
    return run;
  }

  /** Reads names, versions and aliases from the folder. Where it cannot be read, live versions stay live. */
  async #list(): Promise<void> {
    try {
      const stored = await listStore(this.#options.folder, (name) => this.#oddNames.note(name));
      const byName = new Map(stored.map((model) => [model.name, model]));
      for (const { name, folder } of stored) {
        if (!this.#models.has(name)) this.#models.set(name, new ModelEntry(name, folder));
      }
      for (const entry of this.#models.values()) await this.#listModel(entry, byName.get(entry.name));
      this.#folderProblem = undefined;
    } catch (error) {
      const problem = `The folder of models cannot be read: ${explain(error)}.`;
      if (problem !== this.#folderProblem) this.#options.log.warn({ err: error }, problem);
      this.#folderProblem = problem;
    }
  }

  /** Follows the folder of one model. What is wrong with it is logged once, and leaves the other models as they are. */
  async #listModel(entry: ModelEntry, stored: StoredModel | undefined): Promise<void> {
    const before = entry.reason;
    entry.problem = stored?.problem;
    // What cannot be read is not gone: its versions serve on.
    if (entry.problem === undefined) {
      entry.setStored(stored?.versions ?? []);
      await entry.aliasFile.refresh();
    }
    this.#keeper.markWanted(entry);
    if (entry.versions.size === 0 && entry.problem === undefined) this.#models.delete(entry.name);
    const { name, reason } = entry;
    if (reason !== undefined && reason !== before) {
      this.#options.log.warn({ model: name, reason }, "what is in the model's folder is refused in part");
    }
  }

  /**
   * Gives the right to use a version: the one named, or the one that the alias stands for; else the one of
   * alias `stable` if that is set, else the newest live one. The lease must be released.
   *
   * Throws ResiduaError: MODEL_NOT_FOUND, VERSION_NOT_FOUND or ALIAS_NOT_FOUND with what there is,
   * MODEL_NOT_READY while the version is being loaded, SHUTTING_DOWN.
   */
  acquire(name: string, selection: Selection = {}): Lease {
    if (this.#isClosing) throw new ResiduaError("SHUTTING_DOWN", "The service is shutting down.");
    return this.#entry(name).acquire(selection);
  }

  #entry(name: string): ModelEntry {
    const entry = this.#models.get(name);
    if (entry?.isStored === true) return entry;
    if (entry?.problem !== undefined) {
      throw new ResiduaError(
        "VERSION_NOT_FOUND",
        `No version of model "${name}" can be read: ${entry.problem}`,
      );
    }
    const names = [...this.#models.values()].filter((model) => model.isStored).map((model) => model.name);
    const there =
      names.length === 0 ? "there is none" : `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`;
    throw new ResiduaError("MODEL_NOT_FOUND", `There is no model "${name}"; ${there}.`);
  }

  /** The manifest of any version there is, live or stored. Throws as `acquire` does. */
  async manifest(name: string, selection: Selection = {}): Promise<Manifest> {
    const entry = this.#entry(name);
    const stored = entry.versions.get(selection.version ?? "");
    if (stored !== undefined && stored.live === undefined) {
      try {
        return (await readManifest(join(entry.folder, stored.version))).manifest;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
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

  /** All models with their versions, by name. */
  listModels(): ModelListing[] {
    return [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((entry) => entry.list());
  }

  /**
   * Ready when the newest valid version of each name and every alias target is live, and there is one at all.
   */
  readiness(): Readiness {
    const problems = [...this.#models.values()].flatMap((entry) => entry.problems());
    const listings = this.listModels();
    if (this.#isClosing) problems.push("The service is shutting down.");
    if (listings.length === 0)
      problems.push(this.#folderProblem ?? "There is no model in the folder of models.");
    else if (!listings.some(({ versions }) => versions.some(({ state }) => state === "live"))) {
      problems.push("No version of any model is live.");
    }
    return { ready: problems.length === 0, problems };
  }

  /**
   * Lets an alias stand for a version, which is brought up first. Every registry on the folder follows. If
   * two registries change aliases of one model at the same moment, the later change wins. Throws
   * ResiduaError: INVALID_REQUEST for a name that no alias can have, MODEL_NOT_FOUND, VERSION_NOT_FOUND,
   * MODEL_NOT_READY where the version could not be loaded just now.
   */
  async setAlias(name: string, alias: string, version: string): Promise<ModelListing> {
    checkAliasName(alias);
    await this.poll();
    await this.#inLine(() => assignAlias(this.#keeper, this.#entry(name), alias, version));
    await this.poll();
    return this.#entry(name).list();
  }

  /** Takes an alias away. Throws ResiduaError: MODEL_NOT_FOUND, ALIAS_NOT_FOUND. */
  async deleteAlias(name: string, alias: string): Promise<ModelListing> {
    await this.#inLine(() => removeAlias(this.#entry(name), alias));
    await this.poll();
    return this.#entry(name).list();
  }

  /** Stops polling, and closes every version, leased or not; runs under way are still answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#keeper.stop();
    this.#cancelTimer?.();
    await this.#line;
    const versions = [...this.#models.values()].flatMap((entry) => [...entry.versions.values()]);
    await this.#keeper.close(versions);
  }
}

function scheduleUnreferenced(task: () => void, delayMs: number): () => void {
  const timer = setTimeout(task, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
