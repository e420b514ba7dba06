/** Idempotency keys: for a day, the same key stands for the same job. */
import { createHash, randomBytes } from "node:crypto";
import { link, readFile, rm } from "node:fs/promises";
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

export class FileKeys {
  readonly #jobs: JobFolder;

  constructor(jobs: JobFolder) {
    this.#jobs = jobs;
  }

  /** Whether a key stands for a job now. */
  async isTaken(key: string): Promise<boolean> {
    return (await this.#read(this.#file(key))) !== undefined;
  }

  /**
   * Takes a key for a job, of several processes one at most.
   * @param id the job.
   * @returns the job that it stands for: this one, or one before it with the same contents.
   * @throws ResiduaError CONFLICT where it stands for other contents.
   */
  async take({ key, hash }: KeyUse, id: string): Promise<string> {
    const file = this.#file(key);
    const whole = join(this.#jobs.path("keys"), `.${randomBytes(9).toString("hex")}`);
    const taken: TakenKey = { id, hash, atMs: Date.now() };
    await writeFileDurably(whole, Buffer.from(JSON.stringify(taken)));
    try {
      for (;;) {
        if (await linkUnlessThere(whole, file)) return id;
        const other = await this.#read(file);
        if (other !== undefined && other.hash !== hash) throw keyUsedOtherwise();
        if (other !== undefined && (await this.#isThere(other.id))) return other.id;
        await rm(file, { force: true });
      }
    } finally {
      await rm(whole, { force: true });
    }
  }

  /** Frees a key whose job did not come into the queue after all. */
  async release(key: string): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  async #isThere(id: string): Promise<boolean> {
    for (let look = 0; look < LOOKS; look++) {
      if ((await this.#jobs.find(id)) !== undefined) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  #file(key: string): string {
    return join(this.#jobs.path("keys"), createHash("sha256").update(key).digest("hex"));
  }

  async #read(file: string): Promise<TakenKey | undefined> {
    const json = await readFile(file, "utf8").catch(() => undefined);
    if (json === undefined) return undefined;
    const taken = parseTaken(json);
    return taken !== undefined && Date.now() - taken.atMs < KEY_MS ? taken : undefined;
  }
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
