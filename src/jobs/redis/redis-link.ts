/** The connection to Redis. It comes back by itself; while it is away, whoever needs it is told so at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { ResiduaError } from "../../errors.js";
import type { JobLog } from "../job-run.js";
import type { RedisClient, RedisLibrary } from "./redis-library.js";
import { defineScripts, type ScriptName } from "./redis-scripts.js";
import { checkServer } from "./redis-server-check.js";

/** A command without an answer for so long has failed. */
const ANSWER_MS = 5000;
const CONNECT_MS = 5000;
/** The longest pause between two attempts to connect. */
const RETRY_MS = 2000;
/** How long whoever needs Redis waits for a first connection that is being made. */
const FIRST_MS = 2000;
const LOOK_MS = 10;
const RETRY_AFTER_SECONDS = 5;

export class RedisLink {
  readonly client: RedisClient;
  readonly #log: JobLog;
  #isAway = false;
  #readyAtMs: number | undefined;

  constructor(url: string, { Redis }: RedisLibrary, log: JobLog) {
    this.#log = log;
    this.client = new Redis(url, {
      connectionName: "residua",
      // BullMQ wants it so. Commands do not wait for a connection all the same, by the two settings after it.
      maxRetriesPerRequest: null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      commandTimeout: ANSWER_MS,
      connectTimeout: CONNECT_MS,
      retryStrategy: (times: number) => Math.min(times * 100, RETRY_MS),
      // After a failover, the server at this address may be one that is only read.
      reconnectOnError: ({ message }: Error) => message.startsWith("READONLY"),
    });
    defineScripts(this.client);
    this.client.on("error", (error) => this.#isLost(error));
    this.client.on("close", () => this.#isLost(undefined));
    this.client.on("ready", () => this.#isThere());
  }

  /** For how long it has been connected, in milliseconds. */
  get readyForMs(): number {
    return this.#readyAtMs === undefined ? 0 : performance.now() - this.#readyAtMs;
  }

  /** @throws ResiduaError JOBS_UNAVAILABLE where there is no connection. */
  async ready(): Promise<void> {
    for (let waitedMs = 0; waitedMs < FIRST_MS && this.#isConnecting(); waitedMs += LOOK_MS)
      await sleep(LOOK_MS);
    if (this.client.status !== "ready") throw unavailable();
  }

  /**
   * Runs commands.
   * @throws ResiduaError JOBS_UNAVAILABLE, INSUFFICIENT_STORAGE
   */
  async run<Reply>(commands: (client: RedisClient) => Promise<Reply>): Promise<Reply> {
    await this.ready();
    try {
      return await commands(this.client);
    } catch (error) {
      throw this.#refusal(error as Error);
    }
  }

  /** Runs one of our scripts. @throws as `run`. */
  script(name: ScriptName, ...args: readonly (string | number | Uint8Array)[]): Promise<unknown> {
    return this.run((client) => client[name]!(...args));
  }

  /** Gives the connection up for ever; commands under way fail. */
  close(): void {
    this.#isAway = true;
    this.client.disconnect();
  }

  #isConnecting(): boolean {
    return this.#readyAtMs === undefined && !this.#isAway && this.client.status !== "ready";
  }

  #isThere(): void {
    if (this.#isAway) this.#log.info({}, "Redis answers again");
    this.#isAway = false;
    this.#readyAtMs = performance.now();
    void checkServer(this.client, this.#log);
  }

  /** Says so once. Errors of ioredis hold the command, which may be the one with the password or a job's data. */
  #isLost(error: Error | undefined): void {
    // An error that leaves the connection as it is concerns a command, and whoever gave it.
    if (this.#isAway || this.client.status === "ready") return;
    this.#isAway = true;
    this.#readyAtMs = undefined;
    this.#log.warn(
      { reason: error?.message },
      "Redis (RESIDUA_REDIS_URL) does not answer: jobs wait for it, scoring does not",
    );
  }

  #refusal(error: Error): ResiduaError {
    if (error instanceof ResiduaError) return error;
    if (error.message.startsWith("OOM")) {
      return new ResiduaError(
        "INSUFFICIENT_STORAGE",
        "There is no room in Redis: its memory is full (its setting maxmemory).",
        { cause: error },
      );
    }
    if (this.client.status === "ready")
      this.#log.warn({ reason: error.message }, "Redis refused a command for a job");
    // A connection on which nothing comes back may be one that only this side takes for one.
    if (error.message === "Command timed out") this.client.disconnect(true);
    return unavailable(error);
  }
}

function unavailable(cause?: Error): ResiduaError {
  return new ResiduaError(
    "JOBS_UNAVAILABLE",
    "Jobs are kept in Redis, and Redis does not answer now; scoring goes on. Try again.",
    { retryAfterSeconds: RETRY_AFTER_SECONDS, cause },
  );
}
