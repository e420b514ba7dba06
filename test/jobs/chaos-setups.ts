/** Where jobs and models are while processes are killed at random, and what else can fail there. */
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FolderStore } from "../../src/registry/folder-store.js";
import type { ModelStore } from "../../src/registry/model-store.js";
import { besideModels } from "../../src/registry/open-store.js";
import { type Fate, startFaultyProxy } from "../registry/s3/faulty-proxy.js";
import { makeBucket, openS3, skip as withoutObjectStore } from "../registry/s3/object-store.js";
import { JobPlace, modelsFolder } from "./job-service.js";
import { RedisServer, withoutRedis } from "./redis-server.js";
import { FILES, REDIS } from "./store-kinds.js";

export interface ChaosSetup {
  readonly place: JobPlace;
  /** The settings that a process has for itself, as those of its machine: of two services, then of two workers. */
  readonly machines: readonly Readonly<Record<string, string>>[];
  /** What can be done to the servers that processes need; each ends when the server works again. */
  readonly blows: readonly (() => Promise<void>)[];
  /** The store of models, past all faults. */
  readonly models: ModelStore;
  /** From now on, nothing fails any more. */
  calm(): void;
}

export interface ChaosKind {
  readonly name: string;
  readonly skip: false | string;
  /** @param random numbers from 0 to below 1; no order of requests changes those that others draw. */
  prepare(t: TestContext, random: () => number): Promise<ChaosSetup>;
}

const MACHINES = 4;
/** The share of requests to the object store that fail, drawn anew after so many requests: in the last one, retries fail too. */
const FAILING = [0, 0.3, 0.95];
const STRETCH = 40;
const LONGEST_DELAY_MS = 300;
const LONGEST_CUT_MS = 1500;
const TROUBLES: readonly Fate[] = [
  "cut",
  "lost",
  "half",
  { status: 503, code: "SlowDown" },
  { status: 500, code: "InternalError" },
];

export const CHAOS_KINDS: readonly ChaosKind[] = [
  {
    name: "files",
    skip: false,
    prepare: async (t) => {
      const place = await JobPlace.make(t, FILES);
      return { ...onOneVolume(place), blows: [] };
    },
  },
  {
    name: "redis",
    skip: withoutRedis,
    prepare: async (t, random) => {
      const redis = await RedisServer.start(t);
      const place = await JobPlace.make(t, { ...REDIS, settings: async () => settingsOf(redis) });
      return { ...onOneVolume(place), blows: [crash(redis, random)] };
    },
  },
  { name: "redis and an object store", skip: withoutObjectStore || withoutRedis, prepare: inObjectStore },
];

function onOneVolume(place: JobPlace): Omit<ChaosSetup, "blows"> {
  const machines = Array.from({ length: MACHINES }, () => ({}));
  return { place, machines, models: new FolderStore(place.models), calm: () => undefined };
}

/** Each process has a machine of its own, and reaches the models through a proxy that fails at random. */
async function inObjectStore(t: TestContext, random: () => number): Promise<ChaosSetup> {
  const redis = await RedisServer.start(t);
  const bucket = await makeBucket();
  const proxy = await startFaultyProxy(t, bucket.endpoint);
  const caches = await Promise.all(Array.from({ length: MACHINES }, () => modelsFolder(t)));
  const kind = {
    ...REDIS,
    settings: async () => ({ ...settingsOf(redis), RESIDUA_S3_ENDPOINT: proxy.url }),
    leftovers: async (settings: Record<string, string>) => {
      const cacheFolders = caches.map((cacheFolder) => ({ place: bucket.place, cacheFolder, cacheBytes: 0 }));
      const left = cacheFolders.map((location) => REDIS.leftovers(settings, besideModels(location)));
      return (await Promise.all(left)).flat();
    },
  };
  const place = await JobPlace.make(t, kind, bucket.place);
  let [requests, failing, isCut] = [0, 0, false];
  proxy.fate = async (): Promise<Fate> => {
    if (isCut) return "cut";
    if (requests++ % STRETCH === 0) failing = FAILING[Math.floor(random() * FAILING.length)]!;
    if (random() >= failing) return "pass";
    const trouble = Math.floor(random() * (TROUBLES.length + 1));
    if (trouble < TROUBLES.length) return TROUBLES[trouble]!;
    await delay(random() * LONGEST_DELAY_MS);
    return "pass";
  };
  const cut = async (): Promise<void> => {
    isCut = true;
    await delay(random() * LONGEST_CUT_MS);
    isCut = false;
  };
  return {
    place,
    machines: caches.map((cache) => ({ RESIDUA_CACHE: cache })),
    blows: [crash(redis, random), cut],
    models: await openS3(t, bucket),
    calm: () => {
      proxy.fate = () => "pass";
    },
  };
}

function settingsOf(redis: RedisServer): Record<string, string> {
  return { RESIDUA_REDIS_URL: redis.url };
}

function crash(redis: RedisServer, random: () => number): () => Promise<void> {
  return async () => {
    await redis.kill();
    await delay(random() * 1000);
    await redis.start();
  };
}
