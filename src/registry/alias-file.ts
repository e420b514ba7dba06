/** Watches the aliases of one model, and reads them again only when they have changed. */
import { InputError } from "../errors.js";
import { ALIASES_FILE, type Aliases } from "./aliases.js";
import { explain } from "./folder-files.js";
import type { ModelStore } from "./model-store.js";

export class AliasFile {
  readonly #store: Pick<ModelStore, "readChangedAliases">;
  readonly #name: string;
  #fingerprint: string | undefined;
  #aliases: Aliases = new Map();
  #reason: string | undefined;

  /** @param name of the model. */
  constructor(store: Pick<ModelStore, "readChangedAliases">, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** What the file says; what it last said, where it is broken. */
  get aliases(): Aliases {
    return this.#aliases;
  }

  /** Why the file cannot be read; undefined where it can. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Reads the file if it has changed. Never rejects. */
  async refresh(): Promise<void> {
    try {
      const read = await this.#store.readChangedAliases(this.#name, this.#fingerprint);
      if (read === undefined) return;
      this.#fingerprint = read.fingerprint;
      this.#aliases = read.aliases;
      this.#reason = undefined;
    } catch (error) {
      this.#reason =
        error instanceof InputError ? error.message : `${ALIASES_FILE} cannot be read: ${explain(error)}.`;
      // What failed may pass, and what is damaged may be repaired: the next call tries again.
      this.#fingerprint = undefined;
    }
  }
}
