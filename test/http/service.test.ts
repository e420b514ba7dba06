/** The service over its life: while it loads, when something fails, and when it ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { test } from "node:test";
import { beginService, startService, WINDOW } from "./running-service.js";

test("a client that hangs up is logged as such, and keeps nothing from ending", async (t) => {
  const { url, log, service } = await startService(t, { contents: { small: {} } });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write("POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
  socket.write("Content-Length: 100\r\n\r\n{");
  // The answer to another request says that the first one is being read.
  await (await fetch(`${url}/livez`)).arrayBuffer();
  socket.destroy();
  assert.equal(await service.stop(), true);
  const line = log.find(({ path }) => path === "/v1/models/small/score");
  assert.equal(line?.["status"], 499);
});

test("while models load it is alive and not ready, and a score can be asked for again", async (t) => {
  const { url, service, isReady } = await beginService(t, { contents: { small: {} } });
  assert.equal(isReady(), false);
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  for (const [path, init] of [
    ["/readyz", {}],
    ["/v2/health/ready", {}],
    ["/v1/models/small", {}],
    ["/v1/models/small/score", { method: "POST" }],
  ] as const) {
    const response = await fetch(url + path, init);
    await response.arrayBuffer();
    // Loading may have ended by now.
    if (isReady()) break;
    assert.equal(response.status, 503, path);
    assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
  }
  await service.loaded;
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});

test("what fails by our fault is 500, logged with the request's id, and says nothing of the inside", async (t) => {
  const { score, log, service } = await startService(t, { contents: { small: {} } });
  const lease = service.models.acquire("small", {});
  const executable = lease.model.executable as { run: unknown };
  lease.release();
  const { run } = executable;
  executable.run = () => Promise.reject(new Error("out of memory at 0xdeadbeef"));
  const response = await score("small", { windows: [WINDOW] }, { "x-request-id": "unlucky" });
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.equal((JSON.parse(text) as { code: string }).code, "INFERENCE_FAILED");
  assert.ok(!text.includes("0xdeadbeef"));
  const line = log.find(({ reqId, err }) => reqId === "unlucky" && err !== undefined);
  assert.match(JSON.stringify(line?.["err"]), /0xdeadbeef/);
  executable.run = run;
  assert.equal((await score("small", { windows: [WINDOW] })).status, 200);
});

test("while draining, work in flight is answered and new work is sent away", async (t) => {
  const { url, log, service } = await startService(t, { contents: { small: {} } });
  const { hostname, port } = new URL(url);
  const body = JSON.stringify({ windows: [WINDOW], include: [] });
  const request = (length: number) =>
    `POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  const [slow, late] = [connect(Number(port), hostname), connect(Number(port), hostname)];
  // One request is half sent, the other connection has had an answer and is kept alive.
  slow.write(request(body.length) + body.slice(0, 10));
  late.write(request(body.length) + body);
  await once(late, "data");
  const stopped = service.stop();
  while (!log.some(({ msg }) => msg === "draining")) await new Promise((resolve) => setImmediate(resolve));
  const answers = [readText(slow), readText(late)] as const;
  late.write(request(body.length) + body);
  slow.write(body.slice(10));
  assert.match(await answers[0], /^HTTP\/1\.1 200 .*connection: close/is);
  // An idle connection may be closed before what comes over it is read.
  assert.match(await answers[1], /^(HTTP\/1\.1 503 .*SHUTTING_DOWN.*)?$/s);
  assert.equal(await stopped, true);
});
