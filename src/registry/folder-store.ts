/** Models in a folder: see store.ts for what is listed, bundle.ts for reading and publishing. */
import { constants } from "node:fs";
import { access, lstat, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { ALIASES_FILE, type Aliases, changeAliases, readAliases } from "./aliases.js";
import { type Bundle, publishBundle, readBundle, readManifest } from "./bundle.js";
import { type BundleContents, FILE_LIMITS } from "./bundle-files.js";
import { deleteVersion } from "./deletion.js";
import { fingerprint, fingerprintFolder, isOfFile } from "./fingerprint.js";
import { checkHoldsModels, checkHoldsVersions, locate, type ModelPlace } from "./flat-folder.js";
import { explain, inTime } from "./folder-files.js";
import { highestVersion } from "./highest-version.js";
import type { AliasesRead, ModelStore, Published, PublishingJob, StoredModel } from "./model-store.js";
import { listStore } from "./store.js";

export class FolderStore implements ModelStore {
  readonly place: string;
  readonly title = "The folder of models";
  readonly #flatName: string | undefined;
  /** The model of a flat folder, as last listed; undefined where the folder is not flat. */
  #flat: ModelPlace | undefined;

  /** @param flatName what the model is called where that folder is the folder of one version; else as its manifest says. */
  constructor(folder: string, flatName?: string) {
    this.place = folder;
    this.#flatName = flatName;
  }

  placeOf(name: string, version: string): string {
    return this.#locate(name, version).folder;
  }

  #placeOfModel(name: string): ModelPlace {
    if (this.#flat?.name === name) return this.#flat;
    return { name, folder: join(this.place, name), isFlat: false };
  }

  #modelFolder(name: string): string {
    return this.#placeOfModel(name).folder;
  }

  #locate(name: string, version: string): ReturnType<typeof locate> {
    return locate(this.#placeOfModel(name), version);
  }

  /** @throws InputError where the folder is flat, and its manifest is wrong. */
  async list(onOddName?: (name: string) => void): Promise<StoredModel[]> {
    const models = await listStore(this.place, { isOdd: onOddName, flatName: this.#flatName });
    this.#flat = models.find(({ isFlat }) => isFlat);
    return models.map(({ name, versions, problem }) => ({ name, versions, problem }));
  }

  has(name: string, version: string): Promise<boolean> {
    return inTime(this.#modelFolder(name), () =>
      stat(this.placeOf(name, version)).then(
        (found) => found.isDirectory(),
        // An error that may pass does not say that it is gone.
        ({ code }: NodeJS.ErrnoException) => code !== "ENOENT" && code !== "ENOTDIR",
      ),
    );
  }

  readAliases(name: string): Promise<Aliases> {
    return readAliases(this.#modelFolder(name));
  }

  async readChangedAliases(name: string, before: string | undefined): Promise<AliasesRead | undefined> {
    const folder = this.#modelFolder(name);
    const now = await inTime(folder, () => fingerprint(join(folder, ALIASES_FILE)));
    if (now === before) return undefined;
    const aliases = await readAliases(folder);
    // No file, then a file, then none again: two looks are alike, and what was read between them is not there.
    return { fingerprint: !isOfFile(now) && aliases.size > 0 ? undefined : now, aliases };
  }

  changeAliases(name: string, change: (aliases: Map<string, string>) => void): Promise<void> {
    return changeAliases(this.#modelFolder(name), change);
  }

  fingerprint(name: string, version: string): Promise<string> {
    return inTime(this.#modelFolder(name), () => fingerprintFolder(this.placeOf(name, version)));
  }

  async fileSizes(name: string, version: string): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    for (const file of Object.keys(FILE_LIMITS)) {
      const size = await inTime(this.#modelFolder(name), () =>
        lstat(join(this.placeOf(name, version), file)).then(
          (found) => (found.isFile() ? found.size : undefined),
          () => undefined,
        ),
      );
      if (size !== undefined) sizes.set(file, size);
    }
    return sizes;
  }

  readManifest(name: string, version: string): ReturnType<ModelStore["readManifest"]> {
    const { folder, called } = this.#locate(name, version);
    return readManifest(folder, called);
  }

  readBundle(name: string, version: string): Promise<Bundle> {
    const { folder, called } = this.#locate(name, version);
    return readBundle(folder, called);
  }

  async checkMayPublish(name: string): Promise<void> {
    await checkHoldsModels(this.place);
    const folder = this.#modelFolder(name);
    let nearest = resolve(folder);
    for (;;) {
      try {
        const found = await stat(nearest);
        if (!found.isDirectory())
          throw new InputError(`${nearest} is not a folder: nothing can be published in it.`);
        return await access(nearest, constants.W_OK | constants.X_OK);
      } catch (error) {
        if (error instanceof InputError) throw error;
        const { code } = error as NodeJS.ErrnoException;
        const isMissing = code === "ENOENT" || code === "ENOTDIR";
        if (!isMissing || nearest === dirname(nearest)) {
          throw new InputError(`Nothing can be published in ${folder}: ${explain(error)} at ${nearest}.`);
        }
        nearest = dirname(nearest);
      }
    }
  }

  publish(name: string, contents: BundleContents, job?: PublishingJob): Promise<Published> {
    return publishBundle(this.place, name, contents, job?.staging);
  }

  highestVersion(name: string): Promise<number> {
    return highestVersion(this.#modelFolder(name)).catch(() => 0);
  }

  async publishedBy(name: string, jobId: string): Promise<string | undefined> {
    const stored = (await this.list()).find((model) => model.name === name);
    for (const version of stored?.versions ?? []) {
      const manifest = await this.readManifest(name, version).then(
        (read) => read.manifest,
        (error: unknown) => {
          // A version that is damaged or gone; any other error may pass, and what it hides may be the job's.
          if (error instanceof InputError) return undefined;
          throw error;
        },
      );
      if (manifest?.training["job"] === jobId) return version;
    }
    return undefined;
  }

  async deleteVersion(name: string, version: string): Promise<void> {
    checkHoldsVersions(this.#placeOfModel(name));
    await deleteVersion(this.#modelFolder(name), name, version);
  }

  async close(): Promise<void> {}
}
