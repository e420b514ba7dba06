/** A scoring request gives back what it held, however it ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import pino from "pino";
import { loadConfig } from "../../src/config.js";
import type { Executable } from "../../src/engine/engine.js";
import { createApp } from "../../src/http/app.js";
import { BodyBudget } from "../../src/http/body-budget.js";
import { LiveModels } from "../../src/http/live-models.js";
import { MODEL_ANSWERS } from "../../src/http/model-answers.js";
import { FolderStore } from "../../src/registry/folder-store.js";
import { Registry } from "../../src/registry/registry.js";
import { Batcher } from "../../src/serving/batcher.js";
import { Lifecycle } from "../../src/serving/lifecycle.js";
import { Metrics } from "../../src/serving/metrics.js";
import { eventLoop } from "../../src/serving/scheduler.js";
import { ScoringService } from "../../src/serving/scoring-service.js";
import { addVersions, temporaryFolder } from "../registry/publications.js";
import { ReferenceEngine } from "../registry/reference-engine.js";
import { WINDOW } from "./running-service.js";

const SCORE = "/v1/models/small/score";
const INFER = "/v2/models/small/infer";
const QUEUE_WINDOWS = 64;

/** The routes over a model "small", with what can be seen of the arenas and leases that requests hold. */
async function startRoutes(t: TestContext) {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "small", [1]);
  const log = pino({ level: "silent" });
  const registry = await Registry.open({
    store: new FolderStore(folder),
    engine: new ReferenceEngine(),
    slots: [MODEL_ANSWERS],
    liveVersions: 1,
    pollSeconds: 0,
    log,
  });
  await registry.poll();
  const models = new LiveModels();
  models.connect(registry);
  const batcher = new Batcher({
    maxBatchWindows: 8,
    maxWaitMs: 0,
    maxQueueWindows: QUEUE_WINDOWS,
    concurrentRuns: 1,
    scheduler: eventLoop,
  });
  const scoring = new ScoringService(batcher);
  const app = await createApp({
    config: loadConfig({}),
    version: "0.0.0-test",
    log,
    lifecycle: new Lifecycle(),
    metrics: new Metrics(() => []),
    models,
    scoring,
    budget: new BodyBudget(2 ** 20),
  });
  t.after(async () => {
    await app.close();
    await registry.close();
  });
  const take = t.mock.method(scoring.arenas, "take");
  const give = t.mock.method(scoring.arenas, "give");
  const lease = registry.acquire("small");
  lease.release();
  const executable = lease.model.executable as { run: Executable["run"] };
  const breakScoring = () =>
    void t.mock.method(scoring, "scoreWindows", () => {
      throw new TypeError("undefined is not a function at 0xdeadbeef");
    });
  const arenas = () => ({ taken: take.mock.callCount(), given: give.mock.callCount() });
  return { app, registry, executable, arenas, breakScoring };
}

/** Holds all runs until they are let go. */
function hold(executable: { run: Executable["run"] }): { begun: () => number; letGo: () => void } {
  const { run } = executable;
  let letGo!: () => void;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let begun = 0;
  executable.run = async (windows, count) => {
    begun += 1;
    await gate;
    return run.call(executable, windows, count);
  };
  return { begun: () => begun, letGo: () => letGo() };
}

const infer = (more: object = {}) => ({
  inputs: [{ name: "windows", shape: [1, 4, 2], datatype: "FP64", data: [WINDOW] }],
  ...more,
});
const SERIES = { series: [...WINDOW, ...WINDOW] };
const MANY = Array(QUEUE_WINDOWS).fill(WINDOW);

for (const { what, url, body, status, headers = {} } of [
  { what: "windows", url: SCORE, body: { windows: [WINDOW] }, status: 200 },
  { what: "a series", url: SCORE, body: SERIES, status: 200 },
  { what: "lines", url: SCORE, body: SERIES, status: 200, headers: { accept: "application/x-ndjson" } },
  { what: "no JSON", url: SCORE, body: "{", status: 400 },
  { what: "an unknown key", url: SCORE, body: { windows: [WINDOW], oops: 1 }, status: 400 },
  { what: "a wrong shape", url: SCORE, body: { windows: [[[1]]] }, status: 422 },
  { what: "too many windows", url: SCORE, body: { windows: [...MANY, WINDOW] }, status: 413 },
  {
    what: "a head that is not there",
    url: SCORE,
    body: { windows: [WINDOW], include: ["prediction"] },
    status: 422,
  },
  {
    what: "a rate that cannot be kept",
    url: SCORE,
    body: { ...SERIES, threshold: { falseAlarmRate: 1e-9 } },
    status: 422,
  },
  { what: "an inference", url: INFER, body: infer(), status: 200 },
  { what: "no JSON", url: INFER, body: "{", status: 400 },
  {
    what: "a wrong header",
    url: INFER,
    body: infer(),
    status: 400,
    headers: { "inference-header-content-length": "x" },
  },
  {
    what: "an output that is not there",
    url: INFER,
    body: infer({ outputs: [{ name: "nope" }] }),
    status: 422,
  },
] as {
  what: string;
  url: string;
  body: object | string;
  status: number;
  headers?: Record<string, string>;
}[]) {
  test(`${url} with ${what} is ${status}, and its arena is given back`, async (t) => {
    const { app, arenas } = await startRoutes(t);
    const payload = typeof body === "string" ? body : JSON.stringify(body);
    const response = await app.inject({
      method: "POST",
      url,
      payload,
      headers: { "content-type": "application/json", ...headers },
    });
    assert.equal(response.statusCode, status, response.body);
    const { taken, given } = arenas();
    assert.ok(taken > 0);
    assert.equal(given, taken);
  });
}

for (const url of [SCORE, INFER]) {
  test(`${url} that finds no room for all its windows gives its arena back`, async (t) => {
    const { app, executable, arenas } = await startRoutes(t);
    const { begun, letGo } = hold(executable);
    const post = (payload: object, to = url) =>
      app.inject({ method: "POST", url: to, headers: { "content-type": "application/json" }, payload });
    const waiting = post({ windows: MANY.slice(1) }, SCORE);
    while (begun() === 0) await yieldToEventLoop();
    // Eight of 63 windows run and 55 wait: there is room for nine.
    const ten = MANY.slice(0, 10);
    const refused = await post(
      url === SCORE
        ? { windows: ten }
        : { inputs: [{ name: "windows", shape: [10, 4, 2], datatype: "FP64", data: ten }] },
    );
    assert.equal(refused.statusCode, 429, refused.body);
    assert.deepEqual(arenas(), { taken: 2, given: 1 });
    letGo();
    assert.equal((await waiting).statusCode, 200);
    assert.deepEqual(arenas(), { taken: 2, given: 2 });
  });
}

for (const [what, body] of Object.entries({ windows: { windows: MANY.slice(0, 8) }, "a series": SERIES })) {
  test(`${what}, whose run does not come back, are answered at their deadline; what the run uses is kept for it`, {
    timeout: 60_000,
  }, async (t) => {
    const { app, executable, arenas } = await startRoutes(t);
    const { begun, letGo } = hold(executable);
    const response = await app.inject({
      method: "POST",
      url: SCORE,
      headers: { "content-type": "application/json", "x-request-timeout-ms": "500" },
      payload: body,
    });
    assert.equal(response.statusCode, 504, response.body);
    assert.equal((response.json() as { code: string }).code, "DEADLINE_EXCEEDED");
    assert.equal(begun(), 1);
    assert.equal(arenas().given, 0);
    letGo();
    while (arenas().given < arenas().taken) await yieldToEventLoop();
  });
}

test("the arena of a request that failed while the engine was at work on it is not used again", async (t) => {
  const { app, executable, arenas } = await startRoutes(t);
  executable.run = () => Promise.reject(new Error("out of memory"));
  const headers = { "content-type": "application/json" };
  const response = await app.inject({ method: "POST", url: SCORE, headers, payload: { windows: MANY } });
  assert.equal(response.statusCode, 500);
  assert.deepEqual(arenas(), { taken: 1, given: 0 });
});

for (const url of [SCORE, INFER]) {
  test(`a fault of the service's own in ${url} is INTERNAL, and says nothing of the inside`, async (t) => {
    const { app, arenas, breakScoring } = await startRoutes(t);
    breakScoring();
    const headers = { "content-type": "application/json" };
    const payload = url === SCORE ? { windows: [WINDOW] } : infer();
    const response = await app.inject({ method: "POST", url, headers, payload });
    assert.equal(response.statusCode, 500);
    const body = response.json() as Record<string, unknown>;
    assert.equal(body["code"], url === SCORE ? "INTERNAL" : undefined);
    assert.match(String(body["detail"] ?? body["error"]), /the service failed/i);
    assert.ok(!response.body.includes("0xdeadbeef"));
    assert.deepEqual(arenas(), { taken: 1, given: 1 });
  });
}

test("a client that hangs up before its answer is sent leaves no arena and no lease behind", async (t) => {
  const { app, registry, executable, arenas } = await startRoutes(t);
  const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  const { run } = executable;
  executable.run = async (windows, count) => {
    const outputs = await run.call(executable, windows, count);
    socket.destroy();
    await once(socket, "close");
    return outputs;
  };
  const body = JSON.stringify({ windows: MANY.slice(0, 8) });
  socket.write(
    `POST ${SCORE} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  while (arenas().given === 0) await yieldToEventLoop();
  assert.deepEqual(arenas(), { taken: 1, given: 1 });
  // Which closes a version whose last lease was released.
  await registry.close();
});
