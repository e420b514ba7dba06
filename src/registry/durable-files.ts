/** Files and folders that survive a power cut: they are written and flushed before they get their name. */
import { randomBytes } from "node:crypto";
import { lstat, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** The names of unfinished files and folders begin with this; readers skip them. */
export const TEMPORARY_PREFIX = ".tmp-";

/** A new name for an unfinished file or folder. */
export function temporaryName(): string {
  return `${TEMPORARY_PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`;
}

/** Writes a new file, and waits until its bytes are on the disk. @throws EEXIST where the file exists. */
export async function writeFileDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until the entries of a folder are on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file. Readers see either the old bytes or the new ones. */
export async function replaceFile(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(folder, temporaryName());
  try {
    await writeFileDurably(temporary, bytes);
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Removes the unfinished files and folders of writers that ended early, by the age of their last change. "Now" is the
 * time that the file system gave to something new: the clocks of the machines that share a volume differ, and a clock
 * that is ahead must not make young files old. What a process that still runs on this machine is writing stays, too.
 * @param justMade a file or folder on the same volume that was made just now.
 */
export async function removeStaleTemporaries(
  folder: string,
  olderThanMs: number,
  justMade: string,
): Promise<void> {
  const now = (await stat(justMade)).mtimeMs;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMPORARY_PREFIX) || isWriterAlive(name)) continue;
    const found = await lstat(join(folder, name)).catch(() => undefined);
    if (found === undefined || now - found.mtimeMs <= olderThanMs) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether the process that a temporary name begins with runs on this machine, as far as can be seen. */
function isWriterAlive(name: string): boolean {
  const pid = /^(\d+)-/.exec(name.slice(TEMPORARY_PREFIX.length))?.[1];
  if (pid === undefined) return false;
  try {
    return process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
