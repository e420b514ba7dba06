/** A hand on the engine of a running service: a real run, which begins when a test says so. */
import type { Executable } from "../../src/engine/engine.js";
import type { RunningService } from "./running-service.js";

/** Holds every run of the model "small" until they are let go. */
export function holdRuns({ service }: RunningService): {
  readonly begun: () => number;
  readonly letGo: () => void;
} {
  const lease = service.models.acquire("small", {});
  const executable = lease.model.executable as { run: Executable["run"] };
  lease.release();
  const { run } = executable;
  let begun = 0;
  let letGo!: () => void;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  executable.run = async (windows, count) => {
    begun += 1;
    await gate;
    return run.call(executable, windows, count);
  };
  return { begun: () => begun, letGo };
}
