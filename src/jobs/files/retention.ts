/** Removes what nobody asks for any more, so that the folder of jobs does not grow without end. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { JobFolder } from "./job-folder.js";

/** How many jobs that have ended are kept, and for how long. */
const MOST_ENDED = 1000;
const ENDED_MS = 7 * 24 * 60 * 60 * 1000;
/** Uploads that are older were broken off with their service; keys are valid for no longer. */
const DAY_MS = 24 * 60 * 60 * 1000;

export async function removeOldJobs(jobs: JobFolder, nowMs = Date.now()): Promise<void> {
  const ended = await jobs.list("ended");
  for (const [index, { folder }] of ended.reverse().entries()) {
    if (index >= MOST_ENDED || (await ageOf(folder, nowMs)) > ENDED_MS)
      await rm(folder, { recursive: true, force: true });
  }
  for (const part of ["uploads", "keys"] as const) {
    for (const name of await readdir(jobs.path(part)).catch(() => [])) {
      const path = join(jobs.path(part), name);
      if ((await ageOf(path, nowMs)) > DAY_MS) await rm(path, { recursive: true, force: true });
    }
  }
}

/** 0 for what is gone. */
async function ageOf(path: string, nowMs: number): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => nowMs - mtimeMs,
    () => 0,
  );
}
