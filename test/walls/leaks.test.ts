/** Every refusal has an id, a line of log and a metric; none says a path, a token, or what it was sent. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { test } from "node:test";
import { withoutPaths } from "../../src/engine/tensorflow/device-crashes.js";
import { type RunningService, startService } from "../http/running-service.js";

const API_TOKEN = "api-s3cret-of-tests";
const ADMIN_TOKEN = "admin-s3cret-of-tests";
const LOADED = {
  ...{ contents: { small: {} } },
  config: { RESIDUA_API_TOKEN: API_TOKEN, RESIDUA_ADMIN_TOKEN: ADMIN_TOKEN },
};

async function send(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return readText(socket);
}

/** How many requests the metrics have counted with a status. */
async function counted({ url }: RunningService, status: number): Promise<number> {
  const headers = { authorization: `Bearer ${API_TOKEN}` };
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const lines = text.matchAll(/^http_requests_total\{.*status_code="(\d+)"\} (\d+)$/gm);
  return [...lines].reduce((sum, [, code, count]) => sum + (Number(code) === status ? Number(count) : 0), 0);
}

const auth = `Authorization: Bearer ${API_TOKEN}\r\n`;
const close = "Connection: close\r\n";
const REFUSALS: readonly [what: string, bytes: string, status: number][] = [
  ["a line that is no request", `nonsense ${API_TOKEN}\r\n\r\n`, 400],
  ["a method that does not exist", `FROBNICATE / HTTP/1.1\r\nHost: a\r\n${auth}\r\n`, 400],
  ["headers that are too long", `GET / HTTP/1.1\r\nHost: a\r\n${auth}X: ${"x".repeat(40_000)}\r\n\r\n`, 431],
  ["a header with a control character", `GET / HTTP/1.1\r\nHost: a\r\n${auth}X: \u0001\r\n\r\n`, 400],
  ["a length that is none", `POST / HTTP/1.1\r\nHost: a\r\n${auth}Content-Length: x\r\n\r\n`, 400],
  ["two lengths", `POST / HTTP/1.1\r\nHost: a\r\n${auth}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
  [
    "a chunk that is none",
    `POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    400,
  ],
  ["a path that cannot be decoded", `GET /%zz HTTP/1.1\r\nHost: a\r\n${auth}${close}\r\n`, 400],
  ["no host", `GET /livez HTTP/1.1\r\n${auth}${close}\r\n`, 400],
  ["a method for proxies", `CONNECT a:443 HTTP/1.1\r\nHost: a\r\n${auth}\r\n`, 405],
  ["no token", `GET /v1/models HTTP/1.1\r\nHost: a\r\n${close}\r\n`, 401],
  [
    "a wrong token",
    `GET /v1/models HTTP/1.1\r\nHost: a\r\n${close}Authorization: Bearer ${ADMIN_TOKEN}x\r\n\r\n`,
    401,
  ],
  ["an unknown route", `GET /nowhere HTTP/1.1\r\nHost: a\r\n${close}${auth}\r\n`, 404],
  ["an unknown expectation", `GET /nowhere HTTP/1.1\r\nHost: a\r\n${close}${auth}Expect: tea\r\n\r\n`, 404],
];

test("every refusal has an id, a line and a metric, once; no token and no path is said or logged", async (t) => {
  const service = await startService(t, LOADED);
  const { url, folder, log } = service;
  for (const [what, bytes, status] of REFUSALS) {
    const before = await counted(service, status);
    const said = await send(url, bytes);
    assert.match(said, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    const id = /^x-request-id: (\S+)\r$/im.exec(said)?.[1];
    assert.ok(id !== undefined, what);
    assert.match(said, /"code":"[A-Z_]+"/, what);
    assert.equal(await counted(service, status), before + 1, `${what}: counted once`);
    const lines = log.filter(({ reqId }) => reqId === id);
    assert.equal(lines.length, 1, `${what}: one line`);
    assert.equal(lines[0]?.["status"], status, what);
    assert.ok(!said.includes(folder) && !/s3cret/.test(said), what);
  }
  assert.doesNotMatch(JSON.stringify(log), /s3cret/);
});

test("a request whose body is refused is one line, with the id that its answer has", async (t) => {
  const service = await startService(t, { ...LOADED, timeouts: { requestMs: 80, checkMs: 20 } });
  const said = await send(
    service.url,
    `POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\n${auth}X-Request-Id: mine-1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
  assert.match(said, /^HTTP\/1\.1 408 /);
  assert.match(said, /^X-Request-Id: mine-1\r$/m);
  assert.equal(await counted(service, 408), 1);
  assert.deepEqual(
    service.log.filter(({ reqId }) => reqId === "mine-1").map(({ status }) => status),
    [408],
  );
});

test("what TensorFlow says is passed on without its paths", () => {
  assert.equal(
    withoutPaths("NOT_FOUND: /tmp/residua-device-x/model-1/saved_model.pb; tried 3/4 of a/b"),
    "NOT_FOUND: (a file); tried 3/4 of a/b",
  );
});
