/**
 * Loaded before a service or worker of a test (`--import`), for the processes of its jobs: they keep the usual priority. With
 * their own (job-process.ts), they get next to nothing of a machine on which other tests keep all cores busy.
 */
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { basename } from "node:path";

if (basename(process.argv[1] ?? "") === "job-process.js") {
  os.setPriority = () => undefined;
  const { spawnSync } = childProcess;
  childProcess.spawnSync = ((program: string, ...rest: never[]) =>
    program === "chrt" ? undefined : spawnSync(program, ...rest)) as typeof spawnSync;
  syncBuiltinESMExports();
}
