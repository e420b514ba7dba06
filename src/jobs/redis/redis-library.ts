/**
 * Loads bullmq and ioredis, which are installed where RESIDUA_REDIS_URL is set. The compiler runs while they are installed,
 * and so cannot read their types: what is used of them is written down here.
 */
import { createRequire } from "node:module";
import { InputError } from "../../errors.js";

type Reply = unknown;

/** A connection of ioredis, with the scripts that it was given. */
export interface RedisClient {
  readonly status: string;
  on(event: "ready" | "close" | "end", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  defineCommand(name: string, definition: { readonly numberOfKeys: number; readonly lua: string }): void;
  /** Runs a script that was defined. */
  [script: `run${string}`]: (...args: readonly (string | number | Uint8Array)[]) => Promise<Reply>;
  info(section: string): Promise<string>;
  config(action: "GET", name: string): Promise<readonly string[]>;
  exists(key: string): Promise<number>;
  scard(key: string): Promise<number>;
  lrangeBuffer(key: string, first: number, last: number): Promise<Buffer[]>;
  zrange(key: string, first: number, last: number): Promise<string[]>;
  /** @param reconnect whether to connect anew. */
  disconnect(reconnect?: boolean): void;
}

/** A job of BullMQ that this process has taken. */
export interface BullJob {
  readonly id?: string;
  /** @returns 0 where the lock is another one's, or nobody's. */
  extendLock(token: string, durationMs: number): Promise<number>;
  moveToCompleted(result: unknown, token: string, fetchNext: boolean): Promise<unknown>;
  moveToWait(token: string): Promise<unknown>;
  moveToDelayed(timestampMs: number, token: string): Promise<unknown>;
}

export interface BullQueue {
  on(event: "error", listener: (error: Error) => void): this;
  waitUntilReady(): Promise<unknown>;
  /** Does nothing where there is a job of this id. */
  add(name: string, data: object, options: { readonly jobId: string }): Promise<unknown>;
  getJob(id: string): Promise<BullJob | undefined>;
  /** @returns 0 where it runs, or there is none. */
  remove(id: string): Promise<number>;
  close(): Promise<void>;
}

export interface BullWorker {
  on(event: "error", listener: (error: Error) => void): this;
  waitUntilReady(): Promise<unknown>;
  getNextJob(token: string, options: { readonly block: boolean }): Promise<BullJob | undefined>;
  /** Looks from then on, again and again, for jobs whose lock ran out, and puts them back. */
  startStalledCheckTimer(): Promise<void>;
  close(force: boolean): Promise<void>;
}

interface QueueOptions {
  readonly connection: RedisClient;
  readonly prefix: string;
  readonly skipVersionCheck: boolean;
}

export interface RedisLibrary {
  readonly Redis: new (url: string, options: object) => RedisClient;
  readonly Queue: new (
    name: string,
    options: QueueOptions & { readonly defaultJobOptions: object },
  ) => BullQueue;
  readonly Worker: new (
    name: string,
    processor: null,
    options: QueueOptions & {
      readonly autorun: boolean;
      readonly lockDuration: number;
      readonly stalledInterval: number;
      readonly maxStalledCount: number;
    },
  ) => BullWorker;
}

/** @throws InputError where the packages are not installed. */
export function loadRedis(): RedisLibrary {
  const require = createRequire(import.meta.url);
  try {
    const { Redis } = require("ioredis") as Pick<RedisLibrary, "Redis">;
    const { Queue, Worker } = require("bullmq") as Pick<RedisLibrary, "Queue" | "Worker">;
    return { Redis, Queue, Worker };
  } catch (cause) {
    throw new InputError(
      "RESIDUA_REDIS_URL needs the packages bullmq and ioredis, which are not installed: start with npm start, or run node src/setup.mjs.",
      { cause },
    );
  }
}
