/** Tells without reading whether a file or folder is still the one it was. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * What changes whenever a file does: device, inode, size and times; the error's code where there is none to
 * see.
 */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return codeOf(error);
  }
}

/** What changes whenever a folder or one of the files in it does. */
export async function fingerprintFolder(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder)).sort();
    const files = names.map(async (name) => `${name} ${await fingerprint(join(folder, name))}`);
    return [await fingerprint(folder), ...(await Promise.all(files))].join("\n");
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
