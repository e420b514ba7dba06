/** Training data may take longer to arrive than other requests, as long as something arrives. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startService } from "./running-service.js";

const TIMES = { headersMs: 300, requestMs: 300, checkMs: 20, stalledMs: 500 };

async function begin(t: TestContext) {
  const service = await startService(t, {
    contents: {},
    config: { RESIDUA_ADMIN_TOKEN: "secret", RESIDUA_MAX_JOBS: 0 },
    timeouts: TIMES,
  });
  const { hostname, port } = new URL(service.url);
  const open = (headers: string): Socket => {
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    socket
      .setEncoding("utf8")
      .write(
        `POST /v1/models/pump/versions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\nContent-Type: text/csv\r\n${headers}\r\n\r\n`,
      );
    t.after(() => void socket.destroy());
    return socket;
  };
  return { ...service, open };
}

/** All that is answered until the connection is closed. */
async function answerOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part: string) => {
    text += part;
  });
  await once(socket, "close");
  return text;
}

test("an upload that goes on for longer than a request may take is accepted", async (t) => {
  const { open } = await begin(t);
  const rows = ["a,b\n", ...Array.from({ length: 12 }, (_, row) => `${row},${row}\n`)];
  const socket = open(`Connection: close\r\nContent-Length: ${rows.join("").length}`);
  const answer = answerOf(socket);
  for (const row of rows) {
    await delay(100);
    socket.write(row);
  }
  assert.match(await answer, /^HTTP\/1\.1 202 .*"state":"queued"/s);
});

test("an upload of which nothing more arrives is ended, and leaves nothing", async (t) => {
  const { open, log, url } = await begin(t);
  const socket = open("Content-Length: 1000");
  socket.write("a,b\n");
  assert.match(await answerOf(socket), /^HTTP\/1\.1 408 .*took too long/s);
  while (!log.some(({ status }) => status === 408)) await delay(10);
  const jobs = await fetch(`${url}/v1/jobs`, { headers: { authorization: "Bearer secret" } });
  assert.deepEqual(await jobs.json(), { jobs: [] });
});

test("what is refused may not go on for ever", async (t) => {
  const { open } = await begin(t);
  const socket = open("Content-Encoding: nonsense\r\nContent-Length: 100000");
  const answer = answerOf(socket);
  // It is looked at below.
  answer.catch(() => undefined);
  const started = Date.now();
  while (!socket.destroyed && Date.now() - started < 10_000) {
    socket.write("x");
    await delay(50);
  }
  // What is written after the end may have the connection reset.
  await answer.catch((error: NodeJS.ErrnoException) => assert.match(error.code!, /^(ECONNRESET|EPIPE)$/));
  assert.ok(Date.now() - started < 5000, "it was not ended");
});
