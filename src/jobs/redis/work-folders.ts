/**
 * The folders in which jobs of Redis are worked on: data, and a bundle before it is published by a rename from there. Where
 * models are in a folder, they are in it, so whoever takes a job away takes its folder away too, and the worker before it can
 * publish nothing any more. In an object store, the first to publish a job decides what it becomes.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { JobRecord } from "../job.js";
import { isJobId } from "../job-id.js";

/** In the folder of models, or beside models in an object store. */
const FOLDER = join(".jobs", "work");
const GONE = ".gone-";
const DAY_MS = 24 * 60 * 60 * 1000;

export class WorkFolders {
  readonly #folder: string;

  /** @param folder as `besideModels` gives it. */
  constructor(folder: string) {
    this.#folder = join(folder, FOLDER);
  }

  /** @throws the error of the system where nothing can be written there. */
  async prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
  }

  /** Makes the folder of an attempt, and takes those of all others of the job away. @returns its path. */
  async begin(id: string, fence: number): Promise<string> {
    await this.#remove((name) => name.startsWith(`${id}.`));
    const folder = join(this.#folder, `${id}.${fence}`);
    await mkdir(join(folder, "staging"), { recursive: true });
    return folder;
  }

  /**
   * Removes the folders of jobs that have ended, and what was not removed to the end. One of a job that nobody knows may be of
   * another Redis; it goes after a day.
   */
  async removeOld(read: (id: string) => Promise<JobRecord | undefined>): Promise<void> {
    const old = new Set<string>();
    for (const name of await this.#names()) {
      const id = name.split(".")[0]!;
      const record = isJobId(id) ? await read(id) : undefined;
      const isOver = record === undefined ? await this.#isOld(name) : record.end !== undefined;
      if (isOver || name.startsWith(GONE)) old.add(name);
    }
    await this.#remove((name) => old.has(name));
  }

  async #isOld(name: string): Promise<boolean> {
    return stat(join(this.#folder, name)).then(
      ({ mtimeMs }) => Date.now() - mtimeMs > DAY_MS,
      () => false,
    );
  }

  async #remove(isMeant: (name: string) => boolean): Promise<void> {
    for (const name of (await this.#names()).filter(isMeant)) {
      const gone = join(this.#folder, GONE + randomBytes(9).toString("hex"));
      // One rename, since a folder that is removed file by file could be published from meanwhile.
      const isMoved = await rename(join(this.#folder, name), gone).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return false;
          throw error;
        },
      );
      if (isMoved) await rm(gone, { recursive: true, force: true });
    }
  }

  async #names(): Promise<string[]> {
    return readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
  }
}
