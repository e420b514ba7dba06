/** What went wrong with a request to an object store, in words for a log and for those who sent a request. */

import { ResiduaError } from "../../errors.js";

const RETRY_AFTER_SECONDS = 5;

/** The object store could not do what was asked of it, and may the next time. */
export class StoreUnavailable extends ResiduaError {
  /** Without a full stop at the end. */
  readonly why: string;

  constructor(why: string, cause?: unknown) {
    super("STORE_UNAVAILABLE", `The object store cannot be used just now: ${why}.`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause,
    });
    this.why = why;
  }
}

/** What is told where a store ignores or refuses the conditions of writes. */
export function withoutConditions(cause?: unknown): ResiduaError {
  return new ResiduaError(
    "CONFLICT",
    "Nothing can be published or changed here: this object store does not keep to conditions of writes (If-Match, If-None-Match), so that two writers could overwrite each other. It needs to support conditional writes.",
    { cause },
  );
}

interface Failure {
  readonly name?: string;
  readonly message?: string;
  /** Of the operating system, where it is a text. */
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The HTTP status that a request was answered with; undefined where it was not answered. */
export function statusOf(error: unknown): number | undefined {
  return (error as Failure).$metadata?.httpStatusCode;
}

/** Whether a request failed since the bucket itself does not exist. */
export function isBucketMissing(error: unknown): boolean {
  return (error as Failure).name === "NoSuchBucket";
}

/** Whether a policy forbids it, which does not pass by itself as credentials that have expired do. */
export function isDenied(error: unknown): boolean {
  return (error as Failure).name === "AccessDenied";
}

/** Why a request failed, without a full stop at the end. */
export function explainFailure(error: unknown): string {
  const { name = "", message = "", code } = error as Failure;
  const status = statusOf(error);
  if (name === "CredentialsProviderError") {
    return "no credentials were found (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a web identity, or a role)";
  }
  if (name === "NoSuchBucket") return "there is no such bucket";
  if (message === "Region is missing") return "no region is set (AWS_REGION)";
  // The client library calls a connection that was cut a timeout, too.
  if (typeof code === "string" && code !== "ETIMEDOUT") return `it cannot be reached (${code})`;
  if (name === "TimeoutError" || name === "AbortError") return "it has not answered in time";
  if (status === 301 || status === 307) return "the bucket is in another region (AWS_REGION)";
  if (status === 401 || status === 403) return `it denies access (${withoutUnknown(name, status)})`;
  if (status !== undefined && status >= 400) return `it answered ${withoutUnknown(name, status)}`;
  return message === "" ? name : message;
}

function withoutUnknown(name: string, status: number): string {
  return name === "" || /^\d+$|^Unknown|^Error$/.test(name) ? String(status) : `${status} ${name}`;
}
