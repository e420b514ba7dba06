/** A watcher of rows that a real Prometheus holds, whose time is by hand. */
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PrometheusSource } from "../../src/watch/prometheus-source.js";
import { RemoteWriter } from "../../src/watch/remote-write.js";
import { ServiceClient } from "../../src/watch/service-client.js";
import { readState } from "../../src/watch/watch-state.js";
import { type Look, Watcher, type WatcherOptions } from "../../src/watch/watcher.js";
import { Webhook } from "../../src/watch/webhook.js";
import {
  FEATURES,
  MODEL,
  openWebhook,
  promql,
  STEP_MS,
  samplesOf,
  scratchFolder,
  TIMESTEPS,
  type WebhookServer,
} from "./watched.js";

const never = new AbortController().signal;
const signals = { stop: never, cut: never };
/** Rows that a stream begins with. */
export const HISTORY = 4 * TIMESTEPS;
/** Rows that a test stores at most. */
export const COUNT = 60;

/** The time of row 0. */
export const BASE_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - COUNT * STEP_MS;

/** A watcher of stored rows whose time is that of a row. */
export interface Watched {
  /** A look at the time of a row. */
  lookAt(row: number): Promise<Look>;
  /** The same after the program was started again. */
  restart(changes?: Partial<WatcherOptions>): Promise<void>;
  scores(): Promise<[row: number, score: number][]>;
  readonly said: string[];
  readonly webhook: WebhookServer;
  readonly stateFile: string;
}

export async function watched(
  t: TestContext,
  place: { url: string; service: string; name: string },
  changes: Partial<WatcherOptions> = {},
): Promise<Watched> {
  const { url, service, name } = place;
  const queries = FEATURES.map((feature) => ({ feature, promql: promql(feature, name) }));
  const labels = { test: name };
  const source = new PrometheusSource({ url, queries, authorization: undefined });
  const webhook = await openWebhook(t);
  const said: string[] = [];
  const stateFile = join(await scratchFolder(t), "state.json");
  let nowMs = 0;
  const begin = async (more: Partial<WatcherOptions>): Promise<Watcher> => {
    const { state, problem } = await readState(stateFile);
    if (problem !== undefined) said.push(problem);
    return new Watcher({
      model: MODEL,
      features: FEATURES,
      stepMs: STEP_MS,
      settleRows: 0,
      labels,
      queries: queries.map(({ feature, promql: text }) => [feature, text]),
      source: { nowMs: async () => nowMs, readRows: (...args) => source.readRows(...args) },
      service: new ServiceClient({ url: service, model: MODEL, version: undefined, token: undefined }),
      writer: new RemoteWriter({
        url: `${url}/api/v1/write`,
        authorization: undefined,
        model: MODEL,
        features: FEATURES,
        labels,
      }),
      webhook: new Webhook({ url: webhook.url, key: undefined, nowMs: Date.now }),
      delayMs: 0,
      timesteps: TIMESTEPS,
      historyRows: undefined,
      stateFile,
      state,
      say: (sentence) => said.push(sentence),
      ...changes,
      ...more,
    });
  };
  let watcher = await begin({});
  return {
    said,
    webhook,
    stateFile,
    lookAt: (row) => {
      nowMs = BASE_MS + row * STEP_MS;
      return watcher.look(signals);
    },
    restart: async (more = {}) => {
      watcher = await begin(more);
    },
    scores: async () => {
      const [series] = await samplesOf(url, `residua_score{test="${name}"}`);
      return (series?.samples ?? []).map(([ms, value]) => [(ms - BASE_MS) / STEP_MS, value]);
    },
  };
}
