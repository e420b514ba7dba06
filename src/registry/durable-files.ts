/** Files and folders that are there after a power cut: written, flushed, and only then given their name. */
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** What is being written has a name that begins with this; whoever reads the folder leaves it alone. */
export const TEMPORARY_PREFIX = ".tmp-";

/** A new name for something that is being written. */
export function temporaryName(): string {
  return `${TEMPORARY_PREFIX}${process.pid}-${randomBytes(6).toString("hex")}`;
}

/** Writes a new file and waits until the disk has it. */
export async function writeFileDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until the disk has the names in a folder. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file: readers see the old bytes or the new ones, never a part. */
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

/** Removes what writers left behind that ended before they were done. */
export async function removeStaleTemporaries(
  folder: string,
  olderThanMs: number,
  nowMs: number,
): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found === undefined || nowMs - found.mtimeMs <= olderThanMs) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
