/** Idempotency keys: for a day, the same key stands for the same job. */
import { createHash, randomBytes } from "node:crypto";
import { link, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { writeFileDurably } from "../../registry/durable-files.js";
import type { KeyUse } from "../job-store.js";
import { KEY_MS } from "../limits.js";
import { keyUsedOtherwise } from "../refusals.js";
import { reader } from "../stored-job.js";
import type { JobFolder } from "./job-folder.js";

/** How often a key is looked at whose job is not there yet: whoever took it is about to put the job into the queue. */
const LOOKS = 20;
const LOOK_MS = 100;

const TakenSchema = Type.Object({
  /** The job that the key stands for. */
  id: Type.String(),
  hash: Type.String(),
  atMs: Type.Number(),
});
type TakenKey = Static<typeof TakenSchema>;
/** Undefined for a text that is not what `take` writes: the key is then free, as if it had never been taken. */
const parseTaken = reader(TakenSchema);

/** A file of a key. */
interface KeyFile {
  readonly path: string;
  readonly number: number;
}

/**
 * The files of a key are HASH, HASH.1, HASH.2 and so on, of which the last one counts. One that stands for nothing any more is
 * never removed for another one of the same name: of two orders that want it to be theirs, the second would remove what the
 * first has just written. Instead both make the file with the next number, which one of them can.
 */
export class FileKeys {
  readonly #jobs: JobFolder;

  constructor(jobs: JobFolder) {
    this.#jobs = jobs;
  }

  /** Whether a key stands for a job now. */
  async isTaken(key: string): Promise<boolean> {
    const last = (await this.#files(key)).at(-1);
    return last !== undefined && (await read(last)) !== undefined;
  }

  /**
   * Takes a key for a job, of several processes one at most.
   * @param id the job.
   * @returns the job that it stands for: this one, or one before it with the same contents.
   * @throws ResiduaError CONFLICT where it stands for other contents.
   */
  async take({ key, hash }: KeyUse, id: string): Promise<string> {
    const whole = join(this.#jobs.path("keys"), `.${randomBytes(9).toString("hex")}`);
    const taken: TakenKey = { id, hash, atMs: Date.now() };
    await writeFileDurably(whole, Buffer.from(JSON.stringify(taken)));
    try {
      for (;;) {
        const before = await this.#files(key);
        const last = before.at(-1);
        const other = last === undefined ? undefined : await read(last);
        if (other !== undefined && other.hash !== hash) throw keyUsedOtherwise();
        if (other !== undefined && (await this.#isThere(other.id))) return other.id;
        const mine = this.#file(key, last === undefined ? 0 : last.number + 1);
        if (!(await linkUnlessThere(whole, mine.path))) continue;
        if (await this.#isOnly(key, [id, other?.id])) {
          for (const { path } of before) await rm(path, { force: true });
          return id;
        }
        await rm(mine.path, { force: true });
      }
    } finally {
      await rm(whole, { force: true });
    }
  }

  /** Frees a key whose job did not come into the queue after all. */
  async release(key: string, id: string): Promise<void> {
    for (const file of await this.#files(key)) {
      if ((await read(file))?.id === id) await rm(file.path, { force: true });
    }
  }

  /**
   * Whether a key stands for none but these jobs. The numbers of files that were removed meanwhile begin anew, so the file of
   * another order may have come that has another number.
   */
  async #isOnly(key: string, ids: readonly (string | undefined)[]): Promise<boolean> {
    const all = await Promise.all((await this.#files(key)).map(read));
    return all.every((taken) => taken === undefined || ids.includes(taken.id));
  }

  async #isThere(id: string): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) {
      if ((await this.#jobs.find(id)) !== undefined) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  /** The files of a key, the last one last. */
  async #files(key: string): Promise<KeyFile[]> {
    const names = await readdir(this.#jobs.path("keys")).catch(() => []);
    const hash = hashOf(key);
    return names
      .filter((name) => name === hash || name.startsWith(`${hash}.`))
      .map((name) => this.#file(key, Number(name.slice(hash.length + 1))))
      .sort((one, other) => one.number - other.number);
  }

  #file(key: string, number: number): KeyFile {
    const name = number === 0 ? hashOf(key) : `${hashOf(key)}.${number}`;
    return { path: join(this.#jobs.path("keys"), name), number };
  }
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** What a file says, while that holds. */
async function read({ path }: KeyFile): Promise<TakenKey | undefined> {
  const json = await readFile(path, "utf8").catch(() => undefined);
  if (json === undefined) return undefined;
  const taken = parseTaken(json);
  return taken !== undefined && Date.now() - taken.atMs < KEY_MS ? taken : undefined;
}

async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
