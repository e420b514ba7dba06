/** The data of a job on their way into the folder of jobs. */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, writeFileDurably } from "../../registry/durable-files.js";
import type { JobOrder } from "../job.js";
import type { JobUpload, KeyUse } from "../job-store.js";
import type { FileKeys } from "./file-keys.js";
import { DATA_FILE, type JobFolder, ORDER_FILE } from "./job-folder.js";
import { refuseWriting } from "./refused-writing.js";

interface UploadTarget {
  readonly jobs: JobFolder;
  readonly keys: FileKeys;
  /** @throws ResiduaError TOO_MANY_JOBS where no more jobs may wait. */
  readonly checkQueue: () => Promise<void>;
}

export class FileUpload implements JobUpload {
  readonly #target: UploadTarget;
  readonly #folder: string;
  #data: FileHandle | undefined;

  private constructor(target: UploadTarget, folder: string, data: FileHandle) {
    this.#target = target;
    this.#folder = folder;
    this.#data = data;
  }

  /** @throws ResiduaError INSUFFICIENT_STORAGE, CONFLICT where nothing may be written there. */
  static async begin(target: UploadTarget, id: string): Promise<FileUpload> {
    const folder = join(target.jobs.path("uploads"), id);
    await mkdir(folder).catch(refuseWriting);
    const data = await open(join(folder, DATA_FILE), "wx").catch(refuseWriting);
    return new FileUpload(target, folder, data);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#data!.writeFile(chunk).catch(refuseWriting);
  }

  /** The hash is not kept: a volume checks what it stores. */
  async accept(order: JobOrder, _sha256: string, use: KeyUse | undefined): Promise<string> {
    const { jobs, keys, checkQueue } = this.#target;
    try {
      await this.#data!.sync();
      await this.#close();
      await writeFileDurably(join(this.#folder, ORDER_FILE), Buffer.from(JSON.stringify(order)));
      await syncFolder(this.#folder);
      const id = use === undefined ? order.id : await keys.take(use, order.id);
      if (id !== order.id) return id;
      // Others may have come while the data were on their way.
      await checkQueue().catch(async (error: unknown) => {
        if (use !== undefined) await keys.release(use.key, order.id);
        throw error;
      });
      await rename(this.#folder, join(jobs.path("queued"), `${id}.0`));
      await syncFolder(jobs.path("queued"));
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
