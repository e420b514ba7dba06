/**
 * Load from wrk, which has to be installed. It shares the cores with the service, and uses less of them than a client in
 * JavaScript would.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "../../server-process.js";

export interface WrkLoad {
  readonly url: string;
  readonly connections: number;
  /** A whole number: wrk takes no other. */
  readonly seconds: number;
  /** A file; it is sent as JSON where no header says otherwise. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Ends the process with a sentence where there is no wrk. */
export function requireWrk(): void {
  if (spawnSync("wrk", ["-v"]).error === undefined) return;
  console.error("This scenario needs wrk; on Debian: apt-get install wrk.");
  process.exit(1);
}

/** Posts the body on every connection without pause. Throws where a request fails. */
export function runWrk({ url, connections, seconds, body, headers = {} }: WrkLoad): WrkResult {
  const script = join(repository, "test", "bench", "service", "post.lua");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const args = ["-t1", `-c${connections}`, `-d${seconds}`, "-s", script, url, "--", body, ...lines];
  const printed = execFileSync("wrk", args, { encoding: "utf8" }).trim().split("\n");
  const { failed, ...result } = JSON.parse(printed.at(-1) ?? "") as WrkResult & { failed: number };
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed.`);
  return result;
}
