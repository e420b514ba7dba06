/** Packages from npm that a test alone needs, in a folder beside this project's own that later runs find again. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { repository } from "../server-process.js";

const CACHE = join(repository, "node_modules", ".cache", "residua");
export const INSTALL_MS = 240_000;

/** A folder that an installer has filled, now or before; undefined, and the test skipped, where it fails. */
export async function installed(
  t: TestContext,
  name: string,
  install: (folder: string) => Promise<unknown>,
): Promise<string | undefined> {
  const folder = join(CACHE, name);
  const mark = join(folder, ".installed");
  if (existsSync(mark)) return folder;
  mkdirSync(folder, { recursive: true });
  try {
    await install(folder);
  } catch (error) {
    t.skip(`cannot be installed here: ${String((error as Error).message).split("\n")[0]}`);
    return undefined;
  }
  writeFileSync(mark, "");
  return folder;
}
