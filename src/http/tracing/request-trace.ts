/** When the steps of one request began, for its spans. There is none for a request unless traces are asked for. */
import type { Timing } from "../../serving/score-result.js";

/** What is known once windows are scored. */
export interface Scored extends Timing {
  readonly model: { readonly name: string; readonly version: string };
}

/** Times are those of `performance.now()`. */
export class RequestTrace {
  readonly startedAtMs = performance.now();
  /** The header of the caller's trace context. */
  readonly traceparent: string | undefined;
  #readAtMs: number | undefined;
  #scored: (Scored & { readonly atMs: number }) | undefined;

  constructor(traceparent: string | undefined) {
    this.traceparent = traceparent;
  }

  /** The body has been read; its windows are queued now. Undefined where the request did not get so far. */
  get readAtMs(): number | undefined {
    return this.#readAtMs;
  }

  get scored(): (Scored & { readonly atMs: number }) | undefined {
    return this.#scored;
  }

  noteRead(): void {
    this.#readAtMs = performance.now();
  }

  noteScored({ model, queueMs, computeMs }: Scored): void {
    this.#scored = { model, queueMs, computeMs, atMs: performance.now() };
  }

  /** Notes the result as soon as it is there; a failure is for others to handle. */
  noteWhenScored(result: Promise<Scored>): void {
    result.then(
      (scored) => this.noteScored(scored),
      () => undefined,
    );
  }
}
