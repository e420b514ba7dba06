/** The memory that this process may use; in a container, often less than the machine has. */
import { totalmem } from "node:os";

/**
 * Bytes that the process may use: the limit of its cgroup, or the machine's memory where that is less or there is no limit.
 *
 * @param limit of the cgroup in bytes; 0 where there is none.
 */
export function availableMemory(limit = process.constrainedMemory(), total = totalmem()): number {
  return limit > 0 ? Math.min(limit, total) : total;
}
