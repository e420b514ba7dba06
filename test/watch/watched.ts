/** What `watch` stands between, for its tests: readings in a real Prometheus, a service, a webhook. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { publishBundle } from "../../src/registry/bundle.js";
import type { Row } from "../../src/watch/prometheus-source.js";
import { loadEncoder, type TimeSeries } from "../../src/watch/remote-write-library.js";
import { makeContents } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { type ServerProcess, startServer } from "../server-process.js";

export const MODEL = "pump";
export const FEATURES = ["temperature", "pressure"];
/** T of the model. */
export const TIMESTEPS = 4;
export const STEP_MS = 10_000;

export async function scratchFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-watch-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Publishes the next version of the model, trained on rows every ten seconds. */
export async function publish(folder: string, seed = 1): Promise<void> {
  const contents = await makeContents(new ReferenceEngine(), seed);
  const data = { version: 1, features: [], time: { stepMs: STEP_MS } };
  await publishBundle(folder, MODEL, { ...contents, sections: { data } });
}

/** A service with one version of the model. */
export async function startService(
  t: TestContext,
  env: Record<string, string> = {},
): Promise<{ server: ServerProcess; folder: string }> {
  const folder = await scratchFolder(t);
  await publish(folder);
  const server = await startServer({
    RESIDUA_MODELS: folder,
    RESIDUA_THREADS: "1",
    RESIDUA_POLL_SECONDS: "0.1",
    ...env,
  });
  t.after(() => server.end("SIGKILL"));
  await server.ready();
  return { server, folder };
}

/** Rows of normal operation, a step apart; from `spikeAt` on, three rows are far from it. */
export function normalRows(fromMs: number, count: number, spikeAt = Number.POSITIVE_INFINITY): Row[] {
  return Array.from({ length: count }, (_, at) => {
    const isSpike = at >= spikeAt && at < spikeAt + 3;
    return {
      ms: fromMs + at * STEP_MS,
      readings: [20 + 0.1 * Math.sin(at) + (isSpike ? 8 : 0), 1e5 + 20 * Math.cos(at / 3)],
    };
  });
}

/** What reads a feature that `store` has stored. */
export function promql(feature: string, test: string): string {
  return `reading{feature="${feature}",test="${test}"}`;
}

/** Writes readings to Prometheus, a row after the other, as a scrape would. */
export async function store(url: string, test: string, rows: readonly Row[]): Promise<void> {
  const series = FEATURES.map((feature, at): TimeSeries => {
    const samples = rows.flatMap(({ ms, readings }) => {
      const value = readings[at];
      return value == null ? [] : [{ value, timestamp: ms }];
    });
    const labels = [
      { name: "__name__", value: "reading" },
      { name: "feature", value: feature },
      { name: "test", value: test },
    ];
    return { labels, samples };
  });
  await write(url, series);
}

export async function write(url: string, series: readonly TimeSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers: { "content-encoding": "snappy", "content-type": "application/x-protobuf" },
    body: loadEncoder()(series),
  });
  assert.equal(response.status, 204, await response.text());
}

/** The raw samples of each series, by its labels without `__name__`: ms since 1970 and value. */
export async function samplesOf(
  url: string,
  selector: string,
): Promise<{ labels: Record<string, string>; samples: [ms: number, value: number][] }[]> {
  const query = new URLSearchParams({ query: `${selector}[3h]`, time: String(Date.now() / 1000 + 3600) });
  const response = await fetch(`${url}/api/v1/query?${query}`);
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return data.result.map(({ metric: { __name__: _, ...labels }, values }) => ({
    labels,
    samples: values.map(([seconds, text]) => [Math.round(seconds * 1000), Number(text)]),
  }));
}

/** A message as the webhook got it. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: {
    model: { name: string; version: string };
    labels: Record<string, string>;
    event: { id: string; state: string; start: string; end: string } | null;
    drift: object | null;
  };
}

export interface WebhookServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** What is done before a message is answered: the status, and Retry-After; by default 204. */
  answer: (message: Received) => Promise<number> | number;
}

export async function openWebhook(t: TestContext): Promise<WebhookServer> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const message = { headers: request.headers, text, body: JSON.parse(text) as Received["body"] };
    received.push(message);
    response.writeHead(await webhook.answer(message)).end();
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const webhook: WebhookServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    received,
    answer: () => 204,
  };
  return webhook;
}
