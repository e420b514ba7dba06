/** Ends the process, whatever its threads wait for. */
import { setTimeout as sleep } from "node:timers/promises";

const PATIENCE_MS = 500;
const LOOK_MS = 10;

/**
 * Ends the process with this status. Node's exit waits for the threads that carry out operations on files; where one
 * does not come back, as on a network volume that is gone, the process kills itself instead, and its parent sees SIGKILL.
 */
export async function endProcess(status: number): Promise<never> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && hasFileOperations(); waitedMs += LOOK_MS)
    await sleep(LOOK_MS);
  if (hasFileOperations()) {
    // What others do when the process ends, such as ending its own child processes.
    process.emit("exit", status);
    process.kill(process.pid, "SIGKILL");
  }
  process.exit(status);
}

function hasFileOperations(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq"));
}
