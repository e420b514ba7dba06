/** The store of models as it was last read: its models with their versions and aliases. */
import { ResiduaError } from "../errors.js";
import { explain } from "./folder-files.js";
import { ModelEntry } from "./model-entry.js";
import type { ModelStore, StoredModel } from "./model-store.js";
import { OddNames } from "./odd-names.js";
import type { RegistryLog, VersionKeeper } from "./version-keeper.js";

const CONCURRENT_READS = 8;

export class ModelsFolder {
  readonly #store: ModelStore;
  readonly #keeper: VersionKeeper;
  readonly #log: RegistryLog;
  readonly #oddNames: OddNames;
  readonly #models = new Map<string, ModelEntry>();
  /** Whether it could be read once. */
  isRead = false;
  /** Why the store itself could not be read the last time. */
  problem: string | undefined;

  constructor(store: ModelStore, keeper: VersionKeeper, log: RegistryLog) {
    this.#store = store;
    this.#keeper = keeper;
    this.#log = log;
    this.#oddNames = new OddNames(log);
  }

  get entries(): Iterable<ModelEntry> {
    return this.#models.values();
  }

  /** @throws ResiduaError MODEL_NOT_FOUND with what there is, VERSION_NOT_FOUND where its versions cannot be read. */
  find(name: string): ModelEntry {
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

  /** Reads names, versions and aliases. Where the store cannot be read, live versions stay live. Never rejects. */
  async read(): Promise<void> {
    try {
      const stored = await this.#store.list((name) => this.#oddNames.note(name));
      const byName = new Map(stored.map((model) => [model.name, model]));
      for (const { name } of stored) {
        if (!this.#models.has(name)) this.#models.set(name, new ModelEntry(name, this.#store));
      }
      const entries = this.#models.values();
      // Several readers share one iterator, since an object store may take long to answer for a model.
      const readers = Array.from({ length: CONCURRENT_READS }, async () => {
        for (const entry of entries) await this.#readModel(entry, byName.get(entry.name));
      });
      await Promise.all(readers);
      if (this.problem !== undefined) this.#log.info({}, `${this.#store.title} can be read again`);
      this.problem = undefined;
      this.isRead = true;
    } catch (error) {
      const problem = `${this.#store.title} cannot be read: ${explain(error)}.`;
      if (problem !== this.problem) this.#log.warn({ err: error }, problem);
      this.problem = problem;
    }
  }

  /** Follows what is stored of one model. What is wrong with it is logged once, and leaves the other models as they are. */
  async #readModel(entry: ModelEntry, stored: StoredModel | undefined): Promise<void> {
    const before = entry.reason;
    entry.problem = stored?.problem;
    // What cannot be read is not gone: its versions serve on.
    if (entry.problem === undefined) {
      entry.setStored(stored?.versions ?? []);
      // Before the aliases are read: a listing meanwhile shows a new version as loading, and not as merely stored.
      this.#keeper.markWanted(entry);
      await entry.aliasFile.refresh();
    }
    this.#keeper.markWanted(entry);
    if (entry.versions.size === 0 && entry.problem === undefined) this.#models.delete(entry.name);
    const { name, reason } = entry;
    if (reason !== undefined && reason !== before) {
      this.#log.warn({ model: name, reason }, "what is stored of the model is refused in part");
    }
  }
}
