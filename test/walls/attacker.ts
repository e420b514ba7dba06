/** A client on a thread of its own, so that its work is not counted as the service's. */
import { connect, type Socket } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export interface Attack {
  readonly url: string;
  /** What each connection sends. */
  readonly text: string;
  readonly times: number;
  readonly connections: number;
  /** After so long all hang up; without it, each when it has `until`. */
  readonly hangUpMs?: number;
  /** How many answers (status lines) each connection reads before it ends; 0 never reads. */
  readonly answers?: number;
  /** The status of the answers that are counted; all, where it is left out. */
  readonly expected?: number;
}

/** Resolves when all connections are closed, with the number of answers that were read on all of them. */
export function attack(what: Attack): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: what });
    worker.once("message", resolve).once("error", reject);
  });
}

async function run({
  url,
  text,
  times,
  connections,
  hangUpMs,
  answers = 0,
  expected,
}: Attack): Promise<number> {
  const { hostname, port } = new URL(url);
  const counts = Array.from({ length: connections }, () => {
    const socket = connect(Number(port), hostname);
    if (answers === 0) socket.pause();
    socket.write(text.repeat(times));
    if (hangUpMs !== undefined) setTimeout(() => socket.destroy(), hangUpMs);
    return countAnswers(socket, answers, `HTTP/1.1 ${expected ?? ""}`);
  });
  const all = await Promise.all(counts);
  return all.reduce((sum, count) => sum + count, 0);
}

function countAnswers(socket: Socket, most: number, status: string): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    let tail = "";
    socket.on("error", () => undefined).once("close", () => resolve(count));
    if (most === 0) return;
    socket.on("data", (bytes) => {
      const parts = `${tail}${bytes.toString("latin1")}`.split(status);
      count += parts.length - 1;
      tail = parts[parts.length - 1]!.slice(1 - status.length);
      if (count >= most) socket.destroy();
    });
  });
}

if (!isMainThread) parentPort!.postMessage(await run(workerData as Attack));
