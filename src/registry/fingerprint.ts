/** Fingerprints of files and folders, which show a change without reading their contents. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const MOST_FILES = 100;

/** The fingerprint of a file: device, inode, size and times; the code of the error where it cannot be read. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return codeOf(error);
  }
}

/** Whether a fingerprint is of a file that could be seen, and so never comes again once the file has changed. */
export function isOfFile(fingerprint: string): boolean {
  return fingerprint.includes(" ");
}

/** The fingerprint of a folder and the files in it. */
export async function fingerprintFolder(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder)).sort();
    // A folder with this many files is no bundle, whatever they are.
    if (names.length > MOST_FILES) return `${await fingerprint(folder)} with ${names.length} files`;
    const files = names.map(async (name) => `${name} ${await fingerprint(join(folder, name))}`);
    return [await fingerprint(folder), ...(await Promise.all(files))].join("\n");
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
