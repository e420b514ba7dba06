import assert from "node:assert/strict";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { test } from "node:test";
import { startService, WINDOW } from "./running-service.js";

/** Sends bytes as they are and reads until the connection is closed. */
async function rawRequest(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return readText(socket);
}

test("every answer carries a request id: the caller's if it is a sane one", async (t) => {
  const { url, log } = await startService(t, { contents: { small: {} } });
  const idOf = async (path: string, id?: string) => {
    const response = await fetch(url + path, { headers: id === undefined ? {} : { "x-request-id": id } });
    await response.arrayBuffer();
    return response.headers.get("x-request-id");
  };
  assert.equal(await idOf("/v1/models", "order-17:a.b_c"), "order-17:a.b_c");
  for (const path of ["/livez", "/readyz", "/v1/models", "/nope", "/%zz", "/metrics"]) {
    assert.match((await idOf(path)) ?? "", /^[\w-]+$/, path);
  }
  for (const insane of ["two words", "x".repeat(200), '"><script>', "$(reboot)"]) {
    assert.notEqual(await idOf("/v1/models", insane), insane);
  }
  assert.notEqual(await idOf("/livez"), await idOf("/livez"));
  assert.ok(log.some(({ reqId, path }) => reqId === "order-17:a.b_c" && path === "/v1/models"));
});

test("the log has a line a request with status, time and trace, and no body", async (t) => {
  const { log, score } = await startService(t, { contents: { small: {} } });
  const secret = WINDOW.map(() => [20.123456, 99_999.123456]);
  await (
    await score(
      "small",
      { windows: [secret] },
      { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    )
  ).arrayBuffer();
  await (await score("small", { windows: [secret], oops: 20.123456 })).arrayBuffer();
  const [good, bad] = log.filter(({ path }) => path === "/v1/models/small/score");
  assert.equal(good?.["status"], 200);
  assert.equal(good?.["method"], "POST");
  assert.equal(typeof good?.["ms"], "number");
  assert.equal(good?.["traceId"], "0af7651916cd43dd8448eb211c80319c");
  assert.equal(good?.["spanId"], "b7ad6b7169203331");
  assert.equal(bad?.["status"], 400);
  assert.ok(!JSON.stringify(log).includes("20.123456"));
});

test("an unknown path is 404 with what there is, a wrong method 405 with Allow", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const nowhere = await fetch(`${url}/v1/model`);
  assert.equal(nowhere.status, 404);
  const problem = (await nowhere.json()) as Record<string, unknown>;
  assert.equal(problem["code"], "ROUTE_NOT_FOUND");
  assert.equal(problem["type"], "/problems/route-not-found");
  assert.equal(problem["instance"], "/v1/model");
  assert.match(String(problem["detail"]), /\/v1\/models\/:name\/score/);
  for (const [method, path, allow] of [
    ["GET", "/v1/models/small/score", "POST"],
    ["DELETE", "/v1/models/small", "GET, HEAD"],
    ["POST", "/livez", "GET, HEAD"],
    ["OPTIONS", "/v1/models", "GET, HEAD"],
    ["PROPFIND", "/v1/models", "GET, HEAD"],
  ] as const) {
    const response = await fetch(url + path, { method });
    assert.equal(response.status, 405, `${method} ${path}`);
    assert.equal(response.headers.get("allow"), allow);
    assert.equal(((await response.json()) as { code: string }).code, "METHOD_NOT_ALLOWED");
  }
  // With no admin token there is nothing to change.
  const alias = await fetch(`${url}/v1/models/small/aliases/stable`, { method: "PUT", body: "{}" });
  assert.equal(alias.status, 404);
});

test("a path that cannot be decoded is 400, not a fault of ours", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const response = await fetch(`${url}/v1/models/%E0%A4%A`);
  assert.equal(response.status, 400);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
});

test("an API token opens everything but the probes, which are open", async (t) => {
  const { url } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_API_TOKEN: "api-token", RESIDUA_ADMIN_TOKEN: "admin-token" },
  });
  const status = async (path: string, authorization?: string): Promise<number> => {
    const response = await fetch(url + path, {
      headers: authorization === undefined ? {} : { authorization },
    });
    if (response.status === 401) assert.equal(response.headers.get("www-authenticate"), "Bearer");
    await response.arrayBuffer();
    return response.status;
  };
  for (const path of ["/livez", "/readyz", "/v2/health/live", "/v2/health/ready"]) {
    assert.equal(await status(path), 200, path);
  }
  for (const path of [
    "/v2",
    "/v2/models/small",
    "/v2/nope",
    "/metrics",
    "/v1/models",
    "/openapi.json",
    "/docs/json",
    "/nope",
  ]) {
    assert.equal(await status(path), 401, path);
    assert.equal(await status(path, "Bearer wrong"), 401, path);
  }
  for (const wrong of ["api-token", "Basic api-token", "Bearer api-token2", "Bearer api-toke", "Bearer"]) {
    assert.equal(await status("/v1/models", wrong), 401, wrong);
  }
  assert.equal(await status("/v1/models", "Bearer api-token"), 200);
  assert.equal(await status("/v1/models", "bearer api-token"), 200);
  assert.equal(await status("/metrics", "Bearer admin-token"), 200);
});

test("manifests, and /v1/models with states", async (t) => {
  const sections = { later: { version: 2, of: ["any", { form: null }] } };
  const { url } = await startService(t, { contents: { small: { sections }, composite: {} } });
  const get = async (path: string) => (await fetch(url + path)).json() as Promise<Record<string, unknown>>;
  const listing = (await get("/v1/models")) as { models: { name: string; versions: object[] }[] };
  assert.deepEqual(
    listing.models.map(({ name }) => name),
    ["composite", "small"],
  );
  const version = listing.models[1]!.versions[0] as Record<string, unknown>;
  assert.equal(version["state"], "live");
  assert.equal(version["engine"], "wasm");
  const manifest = await get("/v1/models/small");
  assert.equal(manifest["timesteps"], 4);
  assert.equal(manifest["schemaVersion"], 2);
  assert.deepEqual(manifest["later"], sections.later);
  assert.deepEqual(await get("/v1/models/small/versions/1"), manifest);
  assert.equal((await get("/v1/models/small/versions/2"))["code"], "VERSION_NOT_FOUND");
});

test("metrics count requests, batches, scores and versions", async (t) => {
  const { url, score } = await startService(t, { contents: { small: {} } });
  for (let i = 0; i < 3; i++) {
    await (await score("small", { windows: [WINDOW, WINDOW], threshold: { value: 0 } })).arrayBuffer();
  }
  await (await fetch(`${url}/nope`)).arrayBuffer();
  const response = await fetch(`${url}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const lines = new Set((await response.text()).split("\n"));
  const version = 'model="small",version="1"';
  for (const line of [
    'http_requests_total{method="POST",route="/v1/models/:name/score",status_code="200"} 3',
    'http_request_duration_seconds_count{method="POST",route="/v1/models/:name/score",status_code="200"} 3',
    'http_requests_total{method="GET",route="none",status_code="404"} 1',
    `residua_windows_total{${version}} 6`,
    `residua_anomalous_windows_total{${version}} 6`,
    `residua_window_score_count{${version}} 6`,
    `residua_engine_seconds_count{${version}} 3`,
    `residua_queue_wait_seconds_count{${version}} 3`,
    `residua_model_version{${version},state="live"} 1`,
    'residua_batch_windows_bucket{le="2"} 3',
    "residua_queue_windows 0",
    "residua_queue_limit_windows 8192",
  ]) {
    assert.ok(lines.has(line), line);
  }
  for (const name of [
    "process_cpu_seconds_total",
    "nodejs_eventloop_lag_seconds",
    "process_resident_memory_bytes",
  ]) {
    assert.ok(
      [...lines].some((line) => line.startsWith(`${name} `)),
      name,
    );
  }
});

test("the page of the OpenAPI document needs no other server", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const docs = await fetch(`${url}/docs`);
  const page = await docs.text();
  assert.doesNotMatch(page, /(?:src|href)="https?:/);
  assert.match(docs.headers.get("content-security-policy") ?? "", /script-src 'self'/);
  for (const [, asset] of page.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)) {
    assert.equal((await fetch(url + asset)).status, 200, asset);
  }
});

test("slow headers and slow bodies are cut off, connections kept for longer than a balancer keeps them", async (t) => {
  const { url } = await startService(t, {
    contents: { small: {} },
    timeouts: { headersMs: 60, requestMs: 80, checkMs: 20 },
  });
  assert.match(await rawRequest(url, "GET /livez HTTP/1.1\r\nHost: a\r\n"), /^HTTP\/1\.1 408 /);
  const slowBody =
    "POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
  assert.match(await rawRequest(url, slowBody), /^HTTP\/1\.1 408 /);
  assert.match(await rawRequest(url, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const huge = `GET /livez HTTP/1.1\r\nHost: a\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`;
  assert.match(await rawRequest(url, huge), /^HTTP\/1\.1 431 /);
  const response = await fetch(`${url}/livez`);
  assert.match(response.headers.get("keep-alive") ?? "", /timeout=(7[0-9]|[89][0-9])/);
});
