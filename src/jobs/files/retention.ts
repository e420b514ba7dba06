/** Removes what nobody asks for any more, so that the folder of jobs does not grow without end. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ENDED_MS, KEY_MS, MOST_ENDED } from "../limits.js";
import type { JobFolder } from "./job-folder.js";

/** Uploads of which nothing came for so long were broken off with their service. */
const UPLOAD_MS = 24 * 60 * 60 * 1000;

/**
 * Removes the jobs that ended longest ago, uploads that were broken off, and keys that are valid no more.
 *
 * @param nowMs since 1970, compared with the times that the volume gave to files.
 */
export async function removeOldJobs(jobs: JobFolder, nowMs = Date.now()): Promise<void> {
  const ended = await jobs.list("ended");
  for (const [index, { folder }] of ended.reverse().entries()) {
    if (index >= MOST_ENDED || (await ageOf(folder, nowMs)) > ENDED_MS)
      await rm(folder, { recursive: true, force: true });
  }
  for (const [part, mostMs] of [["uploads", UPLOAD_MS] as const, ["keys", KEY_MS] as const]) {
    for (const name of await readdir(jobs.path(part)).catch(() => [])) {
      const path = join(jobs.path(part), name);
      if ((await ageOf(path, nowMs)) > mostMs) await rm(path, { recursive: true, force: true });
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
