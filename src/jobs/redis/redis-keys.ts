/**
 * The keys in Redis. All begin with the same text in braces, by which a cluster keeps them in one slot: scripts use several
 * at once. Services with other models take another database (redis://host/1).
 *
 *   {residua}:job:ID     hash: what was ordered, the attempt that runs, how it ended
 *   {residua}:notes:ID   list: what its worker has noted, a JSON text each
 *   {residua}:data:ID    list: its data in pieces, until it ends
 *   {residua}:key:HASH   hash: the job that an Idempotency-Key stands for
 *   {residua}:open       sorted set: jobs that have not ended, by the time of their acceptance
 *   {residua}:waiting    set: those of them that no worker has
 *   {residua}:ended      sorted set: jobs that have ended, by that time
 *   {residua}:sizes      hash: the bytes of data that each upload and job holds
 *   {residua}:queue:*    BullMQ's, which brings the ids of jobs to workers
 */
import { createHash } from "node:crypto";

export const PREFIX = "{residua}";

/** BullMQ's name of the queue. */
export const QUEUE = "queue";

export const OPEN = `${PREFIX}:open`;
export const WAITING = `${PREFIX}:waiting`;
export const ENDED = `${PREFIX}:ended`;
export const SIZES = `${PREFIX}:sizes`;

/** The key of the hash of a job. */
export const jobKey = (id: string): string => `${PREFIX}:job:${id}`;
/** The key of the list of its data. */
export const dataKey = (id: string): string => `${PREFIX}:data:${id}`;

/** The key of an Idempotency-Key: it may have any visible characters, and be long. */
export function useKey(key: string): string {
  return `${PREFIX}:key:${createHash("sha256").update(key).digest("hex")}`;
}
