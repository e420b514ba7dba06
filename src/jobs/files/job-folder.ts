/**
 * Jobs as files on the models' volume. Where a job is says what it is doing:
 *
 *   .jobs/uploads/ID -> queued/ID.0 -> running/ID.1 -> ended/ID
 *                           ^              |  `-> running/ID.2 (its worker fell silent, another one took it)
 *                           `--------------'  (its worker stopped in order, or its process died)
 *
 * Each arrow is one rename of the job's folder: of several processes that want it, one gets it. The number counts
 * attempts. A worker that has lost its job finds nothing under the old name any more, so it can neither note anything
 * nor publish: a bundle is written within the job's folder and gets its place by a rename from there.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../registry/durable-files.js";
import { cancelledEnd, type JobEnd, type JobNote, type JobOrder, type JobRecord } from "../job.js";
import { isJobId } from "../job-id.js";
import { parseEnd, parseNote, parseOrder } from "../stored-job.js";

/** The folder of jobs, in the folder of models: readers of models skip names that begin with a dot. */
const JOBS_FOLDER = ".jobs";
export const ORDER_FILE = "job.json";
export const DATA_FILE = "data";
const END_FILE = "ended.json";
/** Is there once a worker has taken the job; its text changes while that worker lives. */
export const LEASE_FILE = "lease";
/** A job with this file is to be stopped. */
const CANCEL_FILE = "cancel";

export const PHASES = ["queued", "running", "ended"] as const;
export type Phase = (typeof PHASES)[number];

/** Where a job is. */
export interface Place {
  readonly id: string;
  readonly phase: Phase;
  /** How many attempts have begun. */
  readonly attempt: number;
  readonly folder: string;
}

const PLACE_PATTERN = /^([0-9a-z]{24})\.(\d{1,4})$/;
/** A job that is on the way from one phase to another may be missed in both: it is looked for again. */
const LOOKS = 4;

export class JobFolder {
  readonly #folder: string;

  /** @param folder the folder of models, or what `besideModels` gives. */
  constructor(folder: string) {
    this.#folder = join(folder, JOBS_FOLDER);
  }

  /** The folder of a phase, of uploads or of keys. */
  path(part: Phase | "uploads" | "keys"): string {
    return join(this.#folder, part);
  }

  /** Makes what is missing. @throws the error of the system where nothing can be written there. */
  async prepare(): Promise<void> {
    for (const part of ["uploads", "keys", ...PHASES] as const)
      await mkdir(this.path(part), { recursive: true });
  }

  /** The jobs of a phase, oldest first; none where there is no folder of jobs. */
  async list(phase: Phase): Promise<Place[]> {
    const names = await readdir(this.path(phase)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    return names.sort().flatMap((name) => {
      const [id, attempt] =
        phase === "ended"
          ? [isJobId(name) ? name : undefined, "0"]
          : (PLACE_PATTERN.exec(name)?.slice(1) ?? []);
      return id === undefined
        ? []
        : [{ id, phase, attempt: Number(attempt), folder: join(this.path(phase), name) }];
    });
  }

  /** Where a job is; undefined where there is none of this id. */
  async find(id: string): Promise<Place | undefined> {
    if (!isJobId(id)) return undefined;
    for (let look = 0; look < LOOKS; look++) {
      const folder = join(this.path("ended"), id);
      for (const phase of ["queued", "running"] as const) {
        const found = (await this.list(phase)).find((place) => place.id === id);
        if (found !== undefined) return found;
      }
      if (await exists(folder)) return { id, phase: "ended", attempt: 0, folder };
    }
    return undefined;
  }

  /**
   * All that is stored of a job; undefined where there is none of this id.
   *
   * @param seen where it was a moment ago, if that is known: finding it takes a look at every job that waits or runs.
   */
  async read(id: string, seen?: Place): Promise<JobRecord | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const place = look === 0 && seen !== undefined ? seen : await this.find(id);
      if (place === undefined) return undefined;
      const record = await readRecord(place);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** Moves a job. @returns where it is now; undefined where another process has moved it meanwhile. */
  async move(place: Place, phase: Phase, attempt: number): Promise<Place | undefined> {
    const { id } = place;
    const folder = join(this.path(phase), phase === "ended" ? id : `${id}.${attempt}`);
    return (await wasThere(rename(place.folder, folder))) ? { id, phase, attempt, folder } : undefined;
  }

  /**
   * Ends a job: how it ended is written first, so that it ends that way whatever happens now.
   * @returns false where another process has moved it meanwhile.
   */
  async end(place: Place, end: JobEnd): Promise<boolean> {
    const json = Buffer.from(JSON.stringify(end));
    if (!(await wasThere(replaceFile(place.folder, END_FILE, json)))) return false;
    return this.finish(place);
  }

  /** Moves a job to those that have ended, without its data. */
  async finish(place: Place): Promise<boolean> {
    for (const name of [DATA_FILE, "staging"])
      await rm(join(place.folder, name), { recursive: true, force: true });
    return (await this.move(place, "ended", place.attempt)) !== undefined;
  }

  /** As `cancel` of a store. */
  async cancel(id: string, mayHavePublished: () => Promise<boolean>): Promise<void> {
    for (let look = 0; look < LOOKS; look++) {
      const place = await this.find(id);
      if (place === undefined || place.phase === "ended") return;
      if (!(await wasThere(writeFile(join(place.folder, CANCEL_FILE), "")))) continue;
      if (place.phase === "running") return;
      // Whoever takes it from here on finds the mark before the attempt begins.
      if ((await exists(join(place.folder, LEASE_FILE))) && (await mayHavePublished())) return;
      if (await this.end(place, cancelledEnd())) return;
    }
  }
}

/** How the job at a place ended; undefined where it has not. */
export async function readEnd({ folder }: Pick<Place, "folder">): Promise<JobEnd | undefined> {
  const json = await readIfThere(join(folder, END_FILE));
  return json === undefined ? undefined : parseEnd(json);
}

/** What was ordered; undefined where it is not there, or is no order. */
export async function readOrder({ folder }: Pick<Place, "folder">): Promise<JobOrder | undefined> {
  const json = await readIfThere(join(folder, ORDER_FILE));
  return json === undefined ? undefined : parseOrder(json);
}

/** Whether somebody has asked for the job at a place to be stopped. */
export function isToBeCancelled({ folder }: Pick<Place, "folder">): Promise<boolean> {
  return exists(join(folder, CANCEL_FILE));
}

/** The file in which the worker of an attempt notes what happens, a line each. */
export function notesFile(attempt: number): string {
  return `notes.${attempt}.ndjson`;
}

async function readRecord(place: Place): Promise<JobRecord | undefined> {
  const order = await readOrder(place);
  if (order === undefined) return undefined;
  const names = await readdir(place.folder).catch(() => []);
  const attempts = names
    .flatMap((name) => /^notes\.(\d+)\.ndjson$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  const notes: JobNote[] = [];
  for (const attempt of attempts) {
    const text = (await readIfThere(join(place.folder, notesFile(attempt)))) ?? "";
    // A last line without an end is being written, or was cut off.
    for (const line of text.split("\n").slice(0, -1)) {
      const note = parseNote(line);
      if (note !== undefined) notes.push(note);
    }
  }
  const end = await readEnd(place);
  // It was moved while it was read: what was read may be of two moments.
  if (!(await exists(place.folder))) return undefined;
  return { order, notes, isWaiting: place.phase === "queued", end };
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Whether what an operation needs was there: false for ENOENT. */
export async function wasThere(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return wasThere(stat(path));
}
