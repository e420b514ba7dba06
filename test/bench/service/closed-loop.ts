/** Clients that send requests one after the other, each waiting for the answer before it sends the next one. */
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface LoopResult {
  readonly seconds: number;
  /** The number of answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Milliseconds of each answer with status 200, ascending. */
  readonly acceptedMs: readonly number[];
}

export interface Loop {
  readonly url: string;
  readonly body: Buffer;
  readonly clients: number;
  /** How long a client rests after an answer; not at all where it is left out. */
  readonly pauseMs?: number;
}

/** Runs the clients for a number of seconds; rejects where a connection fails, so that no answer is lost unnoticed. */
export async function runLoop({ url, body, clients, pauseMs }: Loop, seconds: number): Promise<LoopResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const statuses: Record<number, number> = {};
  const acceptedMs: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const client = async (): Promise<void> => {
    while (performance.now() < end) {
      const asked = performance.now();
      const status = await post(agent, url, body);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 200) acceptedMs.push(performance.now() - asked);
      if (pauseMs !== undefined) await delay(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  acceptedMs.sort((a, b) => a - b);
  return { seconds: (performance.now() - begin) / 1_000, statuses, acceptedMs };
}

/** The value that a share of the sorted values does not exceed; 0 where there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Posts JSON; the status of the answer, once it has been read. */
export function post(agent: Agent, url: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const asking = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
      response.once("error", reject);
    });
    asking.once("error", reject);
    asking.end(body);
  });
}
