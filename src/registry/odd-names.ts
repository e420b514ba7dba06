/** Logs, once each, the names in the store of models that no model can have. */
import { MODEL_NAME_RULE } from "./manifest.js";
import type { RegistryLog } from "./version-keeper.js";

/** No more are logged: somebody's home folder is no folder of models. */
const MOST_NAMES = 20;

export class OddNames {
  readonly #log: Pick<RegistryLog, "warn">;
  readonly #noted = new Set<string>();

  constructor(log: Pick<RegistryLog, "warn">) {
    this.#log = log;
  }

  /** Logs a name, unless it was logged before. */
  note(name: string): void {
    if (this.#noted.has(name) || this.#noted.size === MOST_NAMES) return;
    this.#noted.add(name);
    this.#log.warn(
      { name },
      `nothing in this folder is served, since its name cannot be that of a model: ${MODEL_NAME_RULE}`,
    );
  }
}
