/** The folder of models as it was last read: its models with their versions and aliases. */
import { ResiduaError } from "../errors.js";
import { explain } from "./folder-files.js";
import { ModelEntry } from "./model-entry.js";
import { OddNames } from "./odd-names.js";
import { listStore, type StoredModel } from "./store.js";
import type { RegistryLog, VersionKeeper } from "./version-keeper.js";

export class ModelsFolder {
  readonly #folder: string;
  readonly #flatName: string | undefined;
  readonly #keeper: VersionKeeper;
  readonly #log: RegistryLog;
  readonly #oddNames: OddNames;
  readonly #models = new Map<string, ModelEntry>();
  /** Whether it could be read once. */
  isRead = false;
  /** Why the folder itself could not be read the last time. */
  problem: string | undefined;

  /** @param flatName as for `listStore`. */
  constructor(folder: string, keeper: VersionKeeper, log: RegistryLog, flatName?: string) {
    this.#folder = folder;
    this.#flatName = flatName;
    this.#keeper = keeper;
    this.#log = log;
    this.#oddNames = new OddNames(log);
  }

  get entries(): Iterable<ModelEntry> {
    return this.#models.values();
  }

  /** Throws ResiduaError: MODEL_NOT_FOUND with what there is, VERSION_NOT_FOUND where its folder cannot be read. */
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

  /** Reads names, versions and aliases. Where the folder cannot be read, live versions stay live. Never rejects. */
  async read(): Promise<void> {
    try {
      const stored = await listStore(this.#folder, {
        isOdd: (name) => this.#oddNames.note(name),
        flatName: this.#flatName,
      });
      const byName = new Map(stored.map((model) => [model.name, model]));
      for (const model of stored) {
        if (!this.#models.has(model.name)) this.#models.set(model.name, new ModelEntry(model));
      }
      for (const entry of this.#models.values()) await this.#readModel(entry, byName.get(entry.name));
      this.problem = undefined;
      this.isRead = true;
    } catch (error) {
      const problem = `The folder of models cannot be read: ${explain(error)}.`;
      if (problem !== this.problem) this.#log.warn({ err: error }, problem);
      this.problem = problem;
    }
  }

  /** Follows the folder of one model. What is wrong with it is logged once, and leaves the other models as they are. */
  async #readModel(entry: ModelEntry, stored: StoredModel | undefined): Promise<void> {
    const before = entry.reason;
    entry.problem = stored?.problem;
    // What cannot be read is not gone: its versions serve on.
    if (entry.problem === undefined) {
      entry.setStored(stored?.versions ?? []);
      // At once: a version that is about to be loaded is never seen as one that nobody wants.
      this.#keeper.markWanted(entry);
      await entry.aliasFile.refresh();
    }
    this.#keeper.markWanted(entry);
    if (entry.versions.size === 0 && entry.problem === undefined) this.#models.delete(entry.name);
    const { name, reason } = entry;
    if (reason !== undefined && reason !== before) {
      this.#log.warn({ model: name, reason }, "what is in the model's folder is refused in part");
    }
  }
}
