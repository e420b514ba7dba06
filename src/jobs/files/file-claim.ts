/** A job that this process has taken from the folder of jobs. */
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobEnd, JobNote, JobOrder } from "../job.js";
import type { Beat, JobClaim } from "../job-store.js";
import {
  DATA_FILE,
  isToBeCancelled,
  type JobFolder,
  LEASE_FILE,
  notesFile,
  type Place,
  readEnd,
  readOrder,
  wasThere,
} from "./job-folder.js";

export class FileClaim implements JobClaim {
  readonly order: JobOrder;
  readonly attempt: number;
  readonly #jobs: JobFolder;
  readonly #place: Place;
  #beats = 0;

  private constructor(jobs: JobFolder, place: Place, order: JobOrder) {
    this.#jobs = jobs;
    this.#place = place;
    this.order = order;
    this.attempt = place.attempt;
  }

  /**
   * Takes a job that waits, or one whose worker has fallen silent.
   * @returns undefined where another process was faster, or the job turns out to have ended.
   */
  static async take(jobs: JobFolder, place: Place): Promise<FileClaim | undefined> {
    const taken = await jobs.move(place, "running", place.attempt + 1);
    if (taken === undefined) return undefined;
    const order = await readOrder(taken);
    // Without an order there is nothing to do, and nobody to tell.
    if (order === undefined) {
      await rm(taken.folder, { recursive: true, force: true });
      return undefined;
    }
    const claim = new FileClaim(jobs, taken, order);
    if ((await readEnd(taken)) !== undefined) {
      await jobs.finish(taken);
      return undefined;
    }
    await claim.beat();
    // What an attempt before this one has left half-written.
    await rm(claim.staging, { recursive: true, force: true });
    await wasThere(mkdir(claim.staging));
    return claim;
  }

  get staging(): string {
    return join(this.#place.folder, "staging");
  }

  async data(): Promise<string> {
    return join(this.#place.folder, DATA_FILE);
  }

  async beat(): Promise<Beat> {
    this.#beats++;
    const text = `${process.pid} ${Date.now()} ${this.#beats}\n`;
    if (!(await wasThere(writeFile(join(this.#place.folder, LEASE_FILE), text)))) return "lost";
    return (await isToBeCancelled(this.#place)) ? "cancelled" : "kept";
  }

  async note(note: JobNote): Promise<boolean> {
    return wasThere(
      appendFile(join(this.#place.folder, notesFile(this.attempt)), `${JSON.stringify(note)}\n`),
    );
  }

  end(end: JobEnd): Promise<boolean> {
    return this.#jobs.end(this.#place, end);
  }

  async giveBack(counts: boolean): Promise<void> {
    await this.#jobs.move(this.#place, "queued", counts ? this.attempt : this.attempt - 1);
  }
}
