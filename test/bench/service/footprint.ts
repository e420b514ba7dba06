/** The memory, files, threads and processor time of a process, read from /proc: Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export interface Footprint {
  readonly residentMiB: number;
  readonly openFiles: number;
  readonly threads: number;
}

export function footprint(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    residentMiB: Math.round(field("VmRSS") / 1024),
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    threads: field("Threads"),
  };
}

/** Linux reports processor time in ticks of 10 ms, however often the kernel's own clock ticks. */
const TICKS_PER_SECOND = 100;

/** Processor time of all threads of a process so far, in user mode and in the kernel. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The program's name, the second field, may contain spaces and parentheses: the fields from the third on follow it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** How long a process's first thread, that of the event loop, has run so far, and waited for a core to run on. */
export function scheduled(pid: number): { readonly ranSeconds: number; readonly waitedSeconds: number } {
  const text = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8");
  const [ran = 0, waited = 0] = text.split(" ").map((nanoseconds) => Number(nanoseconds) / 1e9);
  return { ranSeconds: ran, waitedSeconds: waited };
}
