/** The time that the calling thread was at work. */

interface CpuUsage {
  /** In microseconds. */
  readonly user: number;
  readonly system: number;
}

/** In Node from 23.9 on; the types are those of Node 20. */
const { threadCpuUsage } = process as { threadCpuUsage?: () => CpuUsage };

/**
 * Milliseconds of CPU time, which other programs on the machine do not make longer; where Node cannot tell it, those of
 * the clock. Only differences mean something.
 */
export function threadMs(): number {
  if (threadCpuUsage === undefined) return performance.now();
  const { user, system } = threadCpuUsage.call(process);
  return (user + system) / 1000;
}
