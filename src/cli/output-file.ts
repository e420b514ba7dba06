/** Files that a command writes: beside their place, and renamed when they are whole. */
import { createWriteStream } from "node:fs";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { InputError } from "../errors.js";
import { temporaryName } from "../registry/durable-files.js";
import { explain } from "../registry/folder-files.js";

/**
 * Writes a file, or replaces one. Whoever reads it sees the old content or the whole new one, also where the command is
 * ended or the disk is full. A pipe or a device (`/dev/stdout`) is written to as it is.
 * @param option that names the file, for the error.
 * @throws InputError where it cannot be written; what producing the content throws.
 */
export async function writeOutputFile(
  option: string,
  path: string,
  content: string | Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const source = Readable.from(typeof content === "string" ? [content] : content);
  const target = await targetOf(path);
  const isPlain = target.isNew || target.isFile;
  const written = isPlain
    ? join(dirname(target.path), `${temporaryName()}-${basename(target.path).slice(0, 100)}`)
    : target.path;
  try {
    await pipeline(source, createWriteStream(written, isPlain ? { flags: "wx" } : {}));
    if (!isPlain) return;
    await flush(written);
    await rename(written, target.path);
  } catch (error) {
    if (isPlain) await rm(written, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new InputError(`${option} ${path} cannot be written: ${explain(error)}.`, { cause: error });
  }
}

/** The file that a path stands for, through links, and what is there. */
async function targetOf(path: string): Promise<{ path: string; isNew: boolean; isFile: boolean }> {
  try {
    const real = await realpath(path);
    return { path: real, isNew: false, isFile: (await stat(real)).isFile() };
  } catch {
    return { path, isNew: true, isFile: false };
  }
}

/** Waits until the content is on the disk, where a full disk or a quota shows. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
