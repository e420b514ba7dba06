/** The kinds of store that jobs are kept in: each test of jobs holds for all of them. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FileJobs } from "../../src/jobs/files/file-jobs.js";
import { JobFolder } from "../../src/jobs/files/job-folder.js";
import type { JobStore } from "../../src/jobs/job-store.js";
import { RedisJobs } from "../../src/jobs/redis/redis-jobs.js";
import { RedisServer, sendCommand, withoutRedis } from "./redis-server.js";

export interface StoreKind {
  readonly name: "files" | "redis";
  /** False, or why its tests are skipped. */
  readonly skip: false | string;
  /** Settings of a service or worker with a store of this kind. */
  settings(t: TestContext): Promise<Record<string, string>>;
  /** What is left of uploads, jobs that have not ended, and data: nothing once every job has ended. */
  leftovers(settings: Record<string, string>, modelsFolder: string): Promise<string[]>;
  /** Opens the store that these settings are of. */
  open(t: TestContext, settings: Record<string, string>, modelsFolder: string): JobStore;
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const MAX_QUEUED_JOBS = 10;

export const FILES: StoreKind = {
  name: "files",
  skip: false,
  settings: async () => ({}),
  leftovers: async (_settings, modelsFolder) => [
    ...(await entries(modelsFolder, "uploads", "queued", "running")),
    ...(await entries(modelsFolder, "ended/*").then((names) => names.filter((name) => name === "data"))),
  ],
  open: (_t, _settings, modelsFolder) => new FileJobs(new JobFolder(modelsFolder), MAX_QUEUED_JOBS),
};

export const REDIS: StoreKind = {
  name: "redis",
  skip: withoutRedis,
  settings: async (t) => ({ RESIDUA_REDIS_URL: (await RedisServer.start(t)).url }),
  leftovers: async (settings, modelsFolder) => [
    ...(await keysOf(settings)).filter((key) => !/^\{residua\}:(job|notes|key|ended|queue)\b/.test(key)),
    ...(await entries(modelsFolder, "work")),
  ],
  open(t, settings, modelsFolder) {
    const url = settings["RESIDUA_REDIS_URL"]!;
    const limits = { maxQueuedJobs: MAX_QUEUED_JOBS, maxDataBytes: 2_000_000 };
    const store = new RedisJobs({ url, folder: modelsFolder, log: silent, ...limits });
    t.after(() => store.close());
    return store;
  },
};

/** Names in folders of `.jobs`; "ended/*" are those in every folder of "ended". */
async function entries(modelsFolder: string, ...folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const path = join(modelsFolder, ".jobs", folder.replace("/*", ""));
    const names = await readdir(path).catch(() => []);
    if (!folder.endsWith("/*")) found.push(...names);
    else for (const name of names) found.push(...(await readdir(join(path, name))));
  }
  return found;
}

async function keysOf(settings: Record<string, string>): Promise<string[]> {
  const { port } = new URL(settings["RESIDUA_REDIS_URL"]!);
  const answer = await sendCommand(Number(port), "KEYS", "{residua}:*");
  return answer.split("\r\n").filter((line) => line.startsWith("{"));
}

export const KINDS = [FILES, REDIS] as const;
