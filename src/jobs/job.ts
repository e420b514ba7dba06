/** What a job is: the order, what its worker has noted so far, and how it ended. */
import type { DataTaken } from "../data/taken.js";
import type { ErrorCode, Violation } from "../errors.js";

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";
export type JobKind = "train" | "renew";

/** What the data of a job are: a table in one of the forms that `src/data` reads, or one JSON object with a series. */
export type DataForm = "table" | "series";

/** What was ordered. It is written once, when the job is accepted. */
export interface JobOrder {
  readonly id: string;
  readonly kind: JobKind;
  /** The name of the model. */
  readonly model: string;
  /** As they were given: texts by long names in kebab case. */
  readonly options: Readonly<Record<string, string>>;
  readonly form: DataForm;
  /** RFC 3339, in UTC. */
  readonly createdAt: string;
}

/** Why a job failed. */
export interface JobFailure {
  readonly code: ErrorCode;
  /** One sentence for the person who ordered it. */
  readonly detail: string;
  readonly errors?: readonly Violation[] | undefined;
}

export interface JobProgress {
  readonly epoch: number;
  /** The most epochs of this fit; it may stop earlier. */
  readonly epochs: number;
  readonly loss: number;
  readonly validationLoss: number | null;
  /** Fold `number` of `of`; null in the last fit, on all rows. */
  readonly fold: { readonly number: number; readonly of: number } | null;
}

/** One thing that the worker of a job has noted; an attempt begins with `started`. */
export type JobNote =
  | { readonly type: "started"; readonly at: string }
  | { readonly type: "data"; readonly data: DataTaken }
  | { readonly type: "warning"; readonly sentence: string }
  | { readonly type: "progress"; readonly progress: JobProgress };

/** How a job ended. */
export interface JobEnd {
  readonly state: "done" | "failed" | "cancelled";
  readonly endedAt: string;
  /** The version that it became. */
  readonly version: string | null;
  readonly failure: JobFailure | null;
}

/** The end, at this moment, of a job that was stopped on request. */
export function cancelledEnd(): JobEnd {
  return { state: "cancelled", endedAt: new Date().toISOString(), version: null, failure: null };
}

/** The end, at this moment, of a job that became nothing. */
export function failedEnd(failure: JobFailure): JobEnd {
  return { state: "failed", endedAt: new Date().toISOString(), version: null, failure };
}

/** A job as its readers see it. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly model: string;
  readonly state: JobState;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly progress: JobProgress | null;
  readonly data: DataTaken | null;
  readonly warnings: readonly string[];
  readonly version: string | null;
  readonly failure: JobFailure | null;
}

/** All that is stored of a job. */
export interface JobRecord {
  readonly order: JobOrder;
  /** In the order in which they were written, over all attempts. */
  readonly notes: readonly JobNote[];
  readonly isWaiting: boolean;
  readonly end: JobEnd | undefined;
}

/** How many times a job has changed since it was accepted, counting from 1 for the acceptance itself. */
export function changesOf({ notes, end }: JobRecord): number {
  return 1 + notes.length + (end === undefined ? 0 : 1);
}

/** The job as it was after so many changes. An attempt that was broken off leaves nothing to the next one. */
export function jobAfter(record: JobRecord, changes: number = changesOf(record)): Job {
  const { order, end } = record;
  const notes = record.notes.slice(0, changes - 1);
  const started = notes.findLastIndex(({ type }) => type === "started");
  const attempt = started < 0 ? [] : notes.slice(started);
  const isLatest = changes >= changesOf(record);
  const isWaiting = isLatest ? record.isWaiting : started < 0;
  const ended = isLatest ? end : undefined;
  const first = attempt[0];
  const lastOf = <Type extends JobNote["type"]>(type: Type) =>
    attempt.findLast((note): note is Extract<JobNote, { type: Type }> => note.type === type);
  return {
    id: order.id,
    kind: order.kind,
    model: order.model,
    state: ended?.state ?? (isWaiting ? "queued" : "running"),
    createdAt: order.createdAt,
    startedAt: first?.type === "started" ? first.at : null,
    endedAt: ended?.endedAt ?? null,
    progress: lastOf("progress")?.progress ?? null,
    data: lastOf("data")?.data ?? null,
    warnings: attempt.flatMap((note) => (note.type === "warning" ? [note.sentence] : [])),
    version: ended?.version ?? null,
    failure: ended?.failure ?? null,
  };
}
