/** The messages between a worker and the process of a job. */
import type { StoreLocation } from "../registry/open-store.js";
import type { JobFailure, JobNote, JobOrder } from "./job.js";

/** The first message to the process: what it has to do. */
export interface JobTask {
  readonly order: JobOrder;
  /** Where models are. */
  readonly location: StoreLocation;
  readonly dataFile: string;
  /** Where a bundle is written before it is published. */
  readonly staging: string;
  readonly maxRows: number;
  readonly threads: number;
  readonly wideVectors: "auto" | "off";
}

/** A message of the process: a note, or, as the last one, how it ended. */
export type JobMessage =
  | { readonly type: "note"; readonly note: JobNote }
  | { readonly type: "done"; readonly version: string }
  | { readonly type: "failed"; readonly failure: JobFailure };
