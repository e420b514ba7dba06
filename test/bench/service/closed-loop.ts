/** Clients that ask without pause, each waiting for its answer before it asks again. */
import { Agent, request } from "node:http";

export interface LoopResult {
  readonly seconds: number;
  /** By status, how many answers. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Milliseconds of each answer with status 200, ascending. */
  readonly acceptedMs: readonly number[];
}

export interface Loop {
  readonly url: string;
  readonly body: Buffer;
  readonly clients: number;
}

/** Runs the clients for that long. A connection that fails rejects: no answer is lost in silence. */
export async function runLoop({ url, body, clients }: Loop, seconds: number): Promise<LoopResult> {
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
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  acceptedMs.sort((a, b) => a - b);
  return { seconds: (performance.now() - begin) / 1_000, statuses, acceptedMs };
}

/** The value that this share of the sorted ones does not exceed; 0 of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function post(agent: Agent, url: string, body: Buffer): Promise<number> {
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
