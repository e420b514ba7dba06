/** The numbers of versions that were ever given: none is used again, also when its version is gone. */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "./durable-files.js";
import { VERSION_PATTERN } from "./manifest.js";

const versionPattern = new RegExp(VERSION_PATTERN);
/** The name of an empty file in the folder of a model: a version of this number was there. */
const MARK = /^\.highest-(\d{1,9})$/;

/** The highest version that a model has or had; 0 where it has had none. */
export async function highestVersion(modelFolder: string): Promise<number> {
  const names = await readdir(modelFolder);
  const versions = names.filter((name) => versionPattern.test(name)).map(Number);
  return Math.max(0, ...versions, ...marksOf(names));
}

/** Notes the highest version, to be called before one is deleted. Lower marks go only when the higher one is there. */
export async function keepHighest(modelFolder: string): Promise<void> {
  const highest = await highestVersion(modelFolder);
  await writeFile(join(modelFolder, `.highest-${highest}`), "");
  await syncFolder(modelFolder);
  const lower = marksOf(await readdir(modelFolder)).filter((mark) => mark < highest);
  for (const mark of lower) await rm(join(modelFolder, `.highest-${mark}`), { force: true });
}

function marksOf(names: readonly string[]): number[] {
  return names.flatMap((name) => MARK.exec(name)?.[1] ?? []).map(Number);
}
