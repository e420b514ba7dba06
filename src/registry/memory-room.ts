/** Whether a bundle can be opened in the memory that this process may still use, judged by its files before any is read. */
import { availableMemory } from "../available-memory.js";
import { InputError } from "../errors.js";
import { FILE_LIMITS } from "./bundle-files.js";

/** Bytes in memory for each byte of a file, while a bundle is opened. */
const FACTOR = {
  /** As a file, as numbers, and packed for the engine. */
  binary: 3,
  /** As a file, as text, and as objects; a number of a few digits becomes 8 bytes and more. */
  json: 10,
} as const;

/** A bundle that may fit another time, when others are closed. */
export class NoRoomError extends InputError {}

/** Bytes that the process may still use. What the system keeps of files counts as free. */
export function memoryRoom(): number {
  return availableMemory() - process.memoryUsage.rss();
}

/**
 * Checks that there is memory for a bundle. Files that are missing or too large are left to whoever reads them.
 *
 * @param sizes bytes of the bundle's files, by name.
 * @param room bytes that may be used.
 * @throws NoRoomError where opening the bundle would take more.
 */
export function checkRoom(sizes: ReadonlyMap<string, number>, room = memoryRoom()): void {
  let needed = 0;
  for (const [file, most] of Object.entries(FILE_LIMITS)) {
    const size = sizes.get(file) ?? 0;
    // What is too large is refused by its size, not for its memory.
    if (size <= most) needed += size * (file.endsWith(".json") ? FACTOR.json : FACTOR.binary);
  }
  if (needed <= room) return;
  const mebibytes = (bytes: number): number => Math.max(0, Math.round(bytes / 2 ** 20));
  throw new NoRoomError(
    `Opening it needs about ${mebibytes(needed)} MiB of memory, and this process may use ${mebibytes(room)} MiB more. Give it more memory, or keep fewer versions live (RESIDUA_LIVE_VERSIONS).`,
  );
}
