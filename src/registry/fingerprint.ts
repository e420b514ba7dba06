/** Tells without reading whether a file or folder is still the one it was. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * What changes whenever a folder of files does: inodes, sizes and times of the folder and of all in it. An empty text
 * where the folder is gone.
 */
export async function fingerprintFolder(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder)).sort();
    const parts = await Promise.all([
      fingerprint(folder),
      ...names.map((name) => fingerprint(join(folder, name))),
    ]);
    return [folder, ...names].map((name, at) => `${name} ${parts[at]}`).join("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** What changes whenever a file does. Throws where there is none. */
export async function fingerprint(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
