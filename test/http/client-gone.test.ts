/** Clients that hang up: neither failures nor deadlines, whatever was being done for them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { holdRuns } from "./held-runs.js";
import { type RunningService, startService, WINDOW } from "./running-service.js";

const ROUTES = ["/v1/models/small/score", "/v2/models/small/infer"] as const;
const INFER = {
  inputs: [{ name: "windows", shape: [1, 4, 2], datatype: "FP64", data: [WINDOW] }],
};

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** The bytes of a POST; `length` where less of the body is sent than is announced. */
function post(path: string, body: string, headers = "", length = body.length): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`;
}

async function until(isSo: () => boolean | undefined): Promise<void> {
  while (isSo() !== true) await yieldToEventLoop();
}

/**
 * Checks that the only trace of a request is a line that says who ended it, and that it is counted as such.
 */
async function checkGone(running: RunningService, path: string): Promise<void> {
  const lines = running.log.filter((line) => line["path"] === path && line["status"] !== 200);
  assert.deepEqual(
    lines.map(({ level, status, code }) => ({ level, status, code })),
    [{ level: 30, status: 499, code: "client_gone" }],
  );
  assert.deepEqual(
    running.log.filter(({ level }) => Number(level) >= 40),
    [],
    "nothing is a warning or an error",
  );
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  const route = path.startsWith("/v1") ? "/v1/models/:name/score" : "/v2/models/:model/infer";
  assert.ok(metrics.includes(`residua_client_gone_total{method="POST",route="${route}"} 1\n`), metrics);
  assert.doesNotMatch(metrics, /status_code="5/);
}

for (const path of ROUTES) {
  test(`a client of ${path} that hangs up while its body is read`, async (t) => {
    const running = await startService(t, { contents: { small: {} } });
    const socket = await open(running.url);
    socket.write(post(path, "{", "", 100));
    // The answer to another request says that the first one is being read.
    await (await fetch(`${running.url}/livez`)).arrayBuffer();
    socket.destroy();
    await until(() => running.log.some((line) => line["path"] === path));
    await checkGone(running, path);
  });

  test(`a client of ${path} that hangs up while its windows are queued`, async (t) => {
    const running = await startService(t, { contents: { small: {} } });
    const { begun, letGo } = holdRuns(running);
    // Two runs are under way at once; what comes then waits.
    const busy: Promise<Response>[] = [];
    for (let runs = 1; runs <= 2; runs++) {
      busy.push(running.score("small", { windows: [WINDOW] }));
      await until(() => begun() === runs);
    }
    const socket = await open(running.url);
    const body = JSON.stringify(path.startsWith("/v1") ? { windows: [WINDOW] } : INFER);
    socket.write(post(path, body));
    const metrics = async () => (await fetch(`${running.url}/metrics`)).text();
    while (!(await metrics()).includes("residua_queue_windows 1\n"));
    socket.destroy();
    await until(() => running.log.some((line) => line["path"] === path));
    letGo();
    for (const response of await Promise.all(busy)) {
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    }
    assert.equal(begun(), 2, "what nobody waits for is not run");
    await checkGone(running, path);
  });
}

for (const accept of ["application/json", "application/x-ndjson"]) {
  test(`a client that hangs up while its series is answered as ${accept}`, async (t) => {
    const running = await startService(t, { contents: { small: {} } });
    const socket = await open(running.url);
    const rows = 350_000;
    const series = Array.from({ length: rows }, (_, row) => WINDOW[row % 4]);
    const body = JSON.stringify({ series, stride: 50 });
    socket.write(post(ROUTES[0], body, `Accept: ${accept}\r\n`));
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.match(first.toString("latin1"), /^HTTP\/1\.1 200 /);
    socket.destroy();
    await until(() => running.log.some((line) => line["path"] === ROUTES[0]));
    // Which waits for what is still scored.
    await checkGone(running, ROUTES[0]);
    assert.equal(await running.service.stop(), true);
  });
}

test("a request that was too slow, or no HTTP, was refused: its client is not said to be gone", async (t) => {
  const running = await startService(t, {
    contents: { small: {} },
    timeouts: { headersMs: 60, requestMs: 80, checkMs: 20 },
  });
  const slow = await open(running.url);
  slow.write(post(ROUTES[0], "{", "", 100));
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(answer.toString("latin1"), /^HTTP\/1\.1 408 /);
  await until(() => running.log.some((line) => line["path"] === ROUTES[0]));
  const broken = await open(running.url);
  broken.write(
    `POST ${ROUTES[1]} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
  );
  await until(() => running.log.some((line) => line["path"] === ROUTES[1]));
  assert.deepEqual(
    running.log.filter(({ method }) => method === "POST").map(({ status, code }) => ({ status, code })),
    [
      { status: 408, code: undefined },
      { status: 400, code: undefined },
    ],
  );
});
