/** Sorts the objects of a listing into models, versions and files, whatever else is in the bucket. */
import { ALIASES_FILE } from "../aliases.js";
import { MANIFEST_FILE } from "../bundle-files.js";
import { MODEL_NAME_PATTERN, VERSION_PATTERN } from "../manifest.js";
import type { ObjectAt } from "./object-client.js";

const namePattern = new RegExp(MODEL_NAME_PATTERN);
const versionPattern = new RegExp(VERSION_PATTERN);

/** The objects of a version, by what follows `<name>/<version>/` in their keys. */
export type VersionObjects = ReadonlyMap<string, ObjectAt>;

export interface ModelObjects {
  readonly aliases: ObjectAt | undefined;
  /** By number; also those that are not published yet, or are deleted. */
  readonly versions: ReadonlyMap<string, VersionObjects>;
}

/** What became of a number. */
export type VersionState = "published" | "unfinished" | "deleted";

/** A version has its manifest last; a deleted one has an empty manifest for ever, so that its number is never free. */
export function stateOf(objects: VersionObjects): VersionState {
  const manifest = objects.get(MANIFEST_FILE);
  if (manifest === undefined) return "unfinished";
  return manifest.bytes === 0 ? "deleted" : "published";
}

export class Listing {
  readonly #prefixLength: number;
  readonly #onOddName: (name: string) => void;
  readonly #models = new Map<
    string,
    { aliases: ObjectAt | undefined; versions: Map<string, Map<string, ObjectAt>> }
  >();

  /**
   * @param prefix that all keys begin with; empty, or with a slash at its end.
   * @param onOddName gets the names that no model can have, but for hidden ones.
   */
  constructor(prefix: string, onOddName: (name: string) => void = () => {}) {
    this.#prefixLength = prefix.length;
    this.#onOddName = onOddName;
  }

  get models(): ReadonlyMap<string, ModelObjects> {
    return this.#models;
  }

  /** Puts an object where it belongs; one that is of no model is passed over. */
  add(object: ObjectAt): void {
    const [name = "", second = "", ...rest] = object.key.slice(this.#prefixLength).split("/");
    // As in a folder: what lies beside the models' folders is not looked at.
    if (second === "" && rest.length === 0) return;
    if (!namePattern.test(name)) {
      if (!name.startsWith(".")) this.#onOddName(name);
      return;
    }
    const model = this.#models.get(name) ?? { aliases: undefined, versions: new Map() };
    this.#models.set(name, model);
    if (second === ALIASES_FILE && rest.length === 0) model.aliases = object;
    const file = rest.join("/");
    // Consoles make an empty object for each folder; hidden files are a desktop's.
    if (!versionPattern.test(second) || file === "" || file.startsWith(".")) return;
    const files = model.versions.get(second) ?? new Map<string, ObjectAt>();
    model.versions.set(second, files.set(file, object));
  }
}

/** The numbers of the versions in one state, highest first. */
export function versionsIn(model: ModelObjects | undefined, state: VersionState): string[] {
  return [...(model?.versions ?? [])]
    .filter(([, objects]) => stateOf(objects) === state)
    .map(([version]) => version)
    .sort((a, b) => Number(b) - Number(a));
}

/** The highest number that was ever begun; 0 where there is none. */
export function highestNumber(model: ModelObjects | undefined): number {
  return Math.max(0, ...[...(model?.versions.keys() ?? [])].map(Number));
}
