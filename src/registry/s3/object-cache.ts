/**
 * Files of bundles on this machine, each named by its sha256, so that a version is fetched once. What is read is checked
 * against its name; what does not fit is dropped. Several processes may share the folder: a file gets its name by a rename
 * when it is whole, and one that another process removes meanwhile is fetched again.
 */
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileContent } from "../bundle-files.js";
import { TEMPORARY_PREFIX } from "../durable-files.js";
import { explain, readRegularFile } from "../folder-files.js";

/** Eviction leaves room for some more, so that not each new file causes the next one. */
const KEPT_SHARE = 0.9;
/** After so much was written by this process, what others have written meanwhile is counted, too. */
const COUNT_AGAIN_SHARE = 0.05;
const NAME = /^[0-9a-f]{64}$/;
/** A file that was being written for so long is not any more. */
const STALE_MS = 60 * 60 * 1000;

export interface ObjectCacheOptions {
  readonly folder: string;
  /**
   * The most bytes that the files may have together, beyond what is being written, and a twentieth more for each other
   * process that shares the folder; 0 for no cache.
   */
  readonly maxBytes: number;
  /** Told once why the cache is of no use. */
  readonly warn: (sentence: string) => void;
}

export class ObjectCache {
  readonly #folder: string;
  readonly #options: ObjectCacheOptions;
  #isUsable: Promise<boolean> | undefined;
  /** The bytes in the folder when they were last counted; undefined before. */
  #counted: number | undefined;
  #writtenSince = 0;
  #trimming: Promise<void> | undefined;

  constructor(options: ObjectCacheOptions) {
    this.#folder = join(options.folder, "objects");
    this.#options = options;
  }

  /** The file with this hash; undefined where it is not here. Never rejects. */
  async read(sha256: string): Promise<FileContent | undefined> {
    if (!NAME.test(sha256) || !(await this.#usable())) return undefined;
    const path = join(this.#folder, sha256);
    const hash = createHash("sha256");
    try {
      const bytes = await readRegularFile(
        this.#folder,
        path,
        sha256,
        () => undefined,
        (piece) => hash.update(piece),
      );
      if (hash.digest("hex") === sha256) {
        const now = new Date();
        await utimes(path, now, now);
        return { bytes, sha256 };
      }
    } catch {
      // Not here, or removed while it was read.
      if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
    }
    await rm(path, { force: true, recursive: true }).catch(() => undefined);
    return undefined;
  }

  /** Keeps a file. Where that fails, it is fetched again another time. */
  async keep({ bytes, sha256 }: FileContent): Promise<void> {
    if (bytes.length > this.#options.maxBytes * KEPT_SHARE || !(await this.#usable())) return;
    const temporary = join(this.#folder, `${TEMPORARY_PREFIX}${randomBytes(8).toString("hex")}`);
    try {
      await writeFile(temporary, bytes, { flag: "wx", mode: 0o600 });
      await rename(temporary, join(this.#folder, sha256));
      this.#writtenSince += bytes.length;
      await this.#trimIfDue();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  async #usable(): Promise<boolean> {
    if (this.#options.maxBytes === 0) return false;
    this.#isUsable ??= this.#prepare().then(
      () => true,
      (error: unknown) => {
        this.#options.warn(
          `Nothing is kept in ${this.#options.folder} (RESIDUA_CACHE): ${explain(error)}. Versions are fetched from the object store each time.`,
        );
        return false;
      },
    );
    return this.#isUsable;
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const found = await stat(this.#folder);
    // Fails where it is another user's.
    if ((found.mode & 0o077) !== 0) await chmod(this.#folder, 0o700);
    const probe = join(this.#folder, `${TEMPORARY_PREFIX}${randomBytes(8).toString("hex")}`);
    await writeFile(probe, "", { flag: "wx" });
    await rm(probe);
  }

  async #trimIfDue(): Promise<void> {
    const { maxBytes } = this.#options;
    const isDue =
      this.#counted === undefined ||
      this.#counted + this.#writtenSince > maxBytes ||
      this.#writtenSince > maxBytes * COUNT_AGAIN_SHARE;
    if (!isDue) return;
    this.#trimming ??= this.#trim().finally(() => {
      this.#trimming = undefined;
    });
    await this.#trimming;
  }

  /** Removes the files that were not used for longest, until the others fit. */
  async #trim(): Promise<void> {
    this.#writtenSince = 0;
    const files: { readonly path: string; readonly bytes: number; readonly usedMs: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) continue;
      if (NAME.test(name)) files.push({ path, bytes: found.size, usedMs: found.mtimeMs });
      else if (name.startsWith(TEMPORARY_PREFIX) && Date.now() - found.mtimeMs > STALE_MS) {
        await rm(path, { force: true, recursive: true });
      }
    }
    files.sort((a, b) => a.usedMs - b.usedMs);
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const isTooMuch = total > this.#options.maxBytes;
    for (const { path, bytes } of files) {
      if (!isTooMuch || total <= this.#options.maxBytes * KEPT_SHARE) break;
      await rm(path, { force: true, recursive: true });
      total -= bytes;
    }
    this.#counted = total;
  }
}
