/** Files that are not read to their end: those that are refused, and those that have to be read again. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { readDataFile } from "../../src/data/data-file.js";
import { refusal } from "./refusal.js";

const DESCRIPTORS = "/proc/self/fd";
/** Longer than what is looked at before the first row is taken. */
const ROWS = Array.from({ length: 60_000 }, (_, row) => `${row},${row * 2}\n`).join("");

/** The files of a folder that this process has open. */
function openFiles(folder: string): string[] {
  return readdirSync(DESCRIPTORS).flatMap((descriptor) => {
    try {
      const path = readlinkSync(join(DESCRIPTORS, descriptor));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

test("a file is closed as soon as nothing more is read of it", {
  skip: existsSync(DESCRIPTORS) ? false : "this system does not list the files that a process has open",
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "residua-closed-"));
  t.after(() => rm(folder, { recursive: true }));
  const bad = `a,b\n1,2\n3,x\n${ROWS}`;
  const files: Readonly<Record<string, string | Uint8Array>> = {
    "bad-cell.csv": bad,
    "bad-cell.csv.gz": gzipSync(bad),
    "array.json": `[{"a": 1}]\n${" ".repeat(600_000)}`,
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await writeFile(path, content);
    assert.match(await refusal(readDataFile(path)), new RegExp(name));
  }
  const latin = join(folder, "latin.csv");
  await writeFile(latin, Buffer.from(`a,temp \xb0C\n${ROWS}`, "latin1"));
  assert.equal((await readDataFile(latin)).features[1]!.name, "temp \xb0C");
  // Descriptors are given back by threads of the file system, within a few turns.
  for (let turn = 0; turn < 1000 && openFiles(folder).length > 0; turn++) await setImmediate();
  assert.deepEqual(openFiles(folder), []);
});
