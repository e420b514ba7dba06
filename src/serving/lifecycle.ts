/**
 * Where the process is between its start and its end.
 *
 *   starting -> serving -> lameDuck -> draining
 *
 * As a lame duck it takes requests but is not ready, so that balancers turn away before it refuses any.
 */
export type Phase = "starting" | "serving" | "lameDuck" | "draining";

export class Lifecycle {
  phase: Phase = "starting";

  /** Whether connections should end with the response at hand. */
  get isEnding(): boolean {
    return this.phase === "lameDuck" || this.phase === "draining";
  }
}
