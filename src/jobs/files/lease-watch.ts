/**
 * Finds jobs whose worker has fallen silent. No clocks of two machines are compared: what counts is whether a lease
 * changes while this process watches it.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { LEASE_FILE, type Place } from "./job-folder.js";

interface Lease {
  readonly text: string;
  /** Since when it has not changed. */
  readonly sinceMs: number;
}

export class LeaseWatch {
  readonly #leaseMs: number;
  readonly #nowMs: () => number;
  #seen = new Map<string, Lease>();

  /** @param nowMs a clock that never jumps. */
  constructor(leaseMs: number, nowMs: () => number = () => performance.now()) {
    this.#leaseMs = leaseMs;
    this.#nowMs = nowMs;
  }

  /** Those of the running jobs whose lease has not changed for `leaseMs`. To be called again and again. */
  async silent(running: readonly Place[]): Promise<Place[]> {
    const seen = new Map<string, Lease>();
    const silent: Place[] = [];
    for (const place of running) {
      const key = basename(place.folder);
      const text = await readFile(join(place.folder, LEASE_FILE), "utf8").catch(() => "");
      const before = this.#seen.get(key);
      const sinceMs = before?.text === text ? before.sinceMs : this.#nowMs();
      seen.set(key, { text, sinceMs });
      if (this.#nowMs() - sinceMs >= this.#leaseMs) silent.push(place);
    }
    this.#seen = seen;
    return silent;
  }
}
