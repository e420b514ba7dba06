/** What the process of a job is told, and what it tells. */
import type { StoreLocation } from "../registry/open-store.js";
import type { JobFailure, JobNote, JobOrder } from "./job.js";

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

export type JobMessage =
  | { readonly type: "note"; readonly note: JobNote }
  | { readonly type: "done"; readonly version: string }
  | { readonly type: "failed"; readonly failure: JobFailure };
