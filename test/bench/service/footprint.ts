/** What a process holds, read from /proc: Linux only. */
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
