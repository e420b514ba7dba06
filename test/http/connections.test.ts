import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { createHttpServer } from "../../src/http/connections.js";

const LIMITS = { requestTimeoutMs: 60_000, keepAliveTimeoutMs: 60_000, writeTimeoutMs: 60_000 };
const FLOODS = 20;

test("a connection that has been answered does not wait for all that flood the service", async (t) => {
  const order: string[] = [];
  const server = createHttpServer({}, LIMITS, ({ url }, response) => {
    order.push(url!);
    response.end("x");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const open = async (): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
  const floods = await Promise.all(Array.from({ length: FLOODS }, open));
  const modest = await open();
  t.after(() => {
    for (const socket of [...floods, modest]) socket.destroy();
    server.close();
  });
  const get = (url: string) => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`;
  modest.write(get("/first"));
  await once(modest, "data");
  // More than a connection may have waiting, in one read.
  for (const [at, socket] of floods.entries()) socket.resume().write(get(`/flood/${at}`).repeat(1500));
  modest.write(get("/modest"));
  await once(modest, "data");
  const before = new Set(order.slice(0, order.indexOf("/modest")).filter((url) => url.startsWith("/flood")));
  assert.ok(before.size <= FLOODS / 2, `${before.size} floods came first`);
});
