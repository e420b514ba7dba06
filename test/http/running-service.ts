/** A real service on a free port, over a folder of small published models. */
import type { TestContext } from "node:test";
import pino from "pino";
import { type Config, loadConfig } from "../../src/config.js";
import { Service, type ServiceOptions } from "../../src/http/service.js";
import type { BundleContents } from "../../src/registry/bundle-files.js";
import { makeContents, renameInto, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { checkAnswersOf } from "./checked-answers.js";

export interface RunningService {
  readonly url: string;
  readonly folder: string;
  readonly service: Service;
  /** Lines of the log, parsed. */
  readonly log: Record<string, unknown>[];
  /** POSTs JSON (or the text as it is) to a model's score route. */
  score(model: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface StartOptions {
  readonly config?: Partial<Config>;
  readonly timeouts?: ServiceOptions["timeouts"];
  /** Published before the start: "small" (T = 4, F = 2) and "composite", if left out. */
  readonly contents?: Readonly<Record<string, Partial<BundleContents>>>;
}

export async function startService(t: TestContext, options: StartOptions = {}): Promise<RunningService> {
  const running = await beginService(t, options);
  await running.service.loaded;
  return running;
}

/** A service that listens, and may still be loading. */
export async function beginService(
  t: TestContext,
  options: StartOptions = {},
): Promise<RunningService & { readonly isReady: () => boolean }> {
  const folder = await temporaryFolder(t);
  const publisher = new ReferenceEngine();
  const family = { small: {}, composite: { family: "composite", reverse: true } } as const;
  for (const [name, contents] of Object.entries(options.contents ?? { small: {}, composite: {} })) {
    const made = await makeContents(publisher, 1, name === "composite" ? family.composite : {});
    await renameInto(folder, name, 1, { ...made, ...contents });
  }
  const log: Record<string, unknown>[] = [];
  const service = await Service.start({
    config: {
      ...loadConfig({ PORT: "0", RESIDUA_THREADS: "1", RESIDUA_POLL_SECONDS: "0", RESIDUA_ENGINE: "wasm" }),
      RESIDUA_MODELS: folder,
      ...options.config,
    },
    version: "0.0.0-test",
    log: pino({ level: "debug" }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    timeouts: options.timeouts,
  });
  checkAnswersOf(service.url);
  t.after(() => service.stop());
  let isReady = false;
  void service.loaded.then(() => {
    isReady = true;
  });
  const { url } = service;
  const score = (model: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/models/${model}/score`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
  return { url, folder, service, log, score, isReady: () => isReady };
}

/** A window of the small models: [4][2]. */
export const WINDOW = [
  [20, 1e5],
  [21, 1e5],
  [22, 100_100],
  [23, 99_900],
];
