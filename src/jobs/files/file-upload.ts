/** The data of a job on their way into the folder of jobs. */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, writeFileDurably } from "../../registry/durable-files.js";
import type { JobOrder } from "../job.js";
import type { JobUpload, KeyUse } from "../job-store.js";
import type { FileKeys } from "./file-keys.js";
import { DATA_FILE, type JobFolder, ORDER_FILE } from "./job-folder.js";
import { refuseWriting } from "./refused-writing.js";

export class FileUpload implements JobUpload {
  readonly #jobs: JobFolder;
  readonly #keys: FileKeys;
  readonly #folder: string;
  #data: FileHandle | undefined;

  private constructor(jobs: JobFolder, keys: FileKeys, folder: string, data: FileHandle) {
    this.#jobs = jobs;
    this.#keys = keys;
    this.#folder = folder;
    this.#data = data;
  }

  static async begin(jobs: JobFolder, keys: FileKeys, id: string): Promise<FileUpload> {
    const folder = join(jobs.path("uploads"), id);
    await mkdir(folder).catch(refuseWriting);
    const data = await open(join(folder, DATA_FILE), "wx").catch(refuseWriting);
    return new FileUpload(jobs, keys, folder, data);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#data!.writeFile(chunk).catch(refuseWriting);
  }

  /** The hash is not kept: a volume checks what it stores. */
  async accept(order: JobOrder, _sha256: string, use: KeyUse | undefined): Promise<string> {
    try {
      await this.#data!.sync();
      await this.#close();
      await writeFileDurably(join(this.#folder, ORDER_FILE), Buffer.from(JSON.stringify(order)));
      await syncFolder(this.#folder);
      const id = use === undefined ? order.id : await this.#keys.take(use, order.id);
      if (id !== order.id) return id;
      await rename(this.#folder, join(this.#jobs.path("queued"), `${id}.0`));
      await syncFolder(this.#jobs.path("queued"));
      return id;
    } catch (error) {
      return refuseWriting(error);
    }
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #close(): Promise<void> {
    const data = this.#data;
    this.#data = undefined;
    await data?.close();
  }
}
