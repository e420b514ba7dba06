/** A device process that cannot be started is reported, and is no failure of the service. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const posix = { skip: process.platform === "win32" ? "there is no limit of open files to set" : false };

test("without file descriptors left, the process is reported as ended", posix, async () => {
  const program = fileURLToPath(new URL("without-descriptors.js", import.meta.url));
  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    'ulimit -n 64 && exec "$0" "$1"',
    process.execPath,
    program,
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    exits: [{ how: `spawn ${process.execPath} EMFILE`, killed: false, lastLines: [] }],
    isSilent: false,
  });
});
