/** A real Redis as a process, with a folder of its own; the tests that need one are skipped where there is none. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../server-process.js";

/** False, or why tests with Redis are skipped. */
export const withoutRedis: false | string =
  spawnSync("redis-server", ["--version"]).status !== 0 && "redis-server is not installed";

const READY_WITHIN_MS = 10_000;

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** One that answers; it is ended when the test is over. */
  static async start(t: TestContext, options: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "residua-redis-"));
    const server = new RedisServer(folder, await freePort());
    t.after(async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    await server.start(options);
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again with what is in its folder. Every write is on the disk before it is answered. */
  async start(options: readonly string[] = []): Promise<void> {
    const settings = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    const child = spawn("redis-server", [...settings, ...durable, ...options], { stdio: "ignore" });
    const end = (): void => {
      child.kill("SIGKILL");
    };
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    this.#child = child;
    for (let waitedMs = 0; !(await this.#answers()); waitedMs += 10) {
      if (child.exitCode !== null || waitedMs > READY_WITHIN_MS)
        throw new Error("redis-server did not start");
      await delay(10);
    }
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Stops it for a while without an end, as a network that is cut. @returns what goes on with it. */
  freeze(): () => void {
    const child = this.#child!;
    child.kill("SIGSTOP");
    return () => child.kill("SIGCONT");
  }

  /** As `sendCommand`. */
  command(...words: readonly string[]): Promise<string> {
    return sendCommand(this.port, ...words);
  }

  async #answers(): Promise<boolean> {
    return this.command("PING").then(
      (answer) => answer.startsWith("+PONG"),
      () => false,
    );
  }
}

/** Sends a command in the plain form of the protocol. @returns the answer in that form. */
export async function sendCommand(port: number, ...words: readonly string[]): Promise<string> {
  const text = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
  const socket = connect(port, "127.0.0.1");
  socket.end(`*${words.length}\r\n${text}*1\r\n$4\r\nQUIT\r\n`);
  let answer = "";
  for await (const part of socket.setEncoding("utf8")) answer += part;
  return answer.replace(/\+OK\r\n$/, "");
}
