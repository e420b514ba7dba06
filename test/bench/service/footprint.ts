/** What a process holds and uses, read from /proc: Linux only. */
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

/** Linux counts it in ticks of 10 ms, whatever the kernel's own. */
const TICKS_PER_SECOND = 100;

/** What all threads of a process have computed so far, for itself and in the kernel. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The fields after the name, which may hold anything, from the third on.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
