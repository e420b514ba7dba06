/** Calls and connections of gRPC of which nothing comes are ended; those that are used are not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { connect } from "../http/grpc/grpc-client.js";
import { startService } from "../http/running-service.js";

const DEADLINE_EXCEEDED = "4";

/** The first bytes of every client of HTTP/2, and its settings, of which there are none. */
const PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
/** Headers of a call that say that more of them come. */
const HALF_HEADERS = Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83]);

const HEADERS = {
  ":method": "POST",
  ":path": "/inference.GRPCInferenceService/ModelInfer",
  "content-type": "application/grpc",
  te: "trailers",
};

interface Limits {
  readonly requestMs?: number;
  readonly keepAliveMs?: number;
  readonly writeSeconds?: number;
}

async function grpcPort(t: TestContext, { writeSeconds = 60, ...timeouts }: Limits = {}) {
  const { service, log } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_GRPC_PORT: 0, RESIDUA_WRITE_TIMEOUT_SECONDS: writeSeconds },
    timeouts,
  });
  return { port: service.grpc!.port, log, service };
}

function openSession(t: TestContext, port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`).on("error", () => undefined);
  t.after(() => session.destroy());
  return session;
}

/** A connection whose own side stays open until the server has let go of it. */
function openSocket(t: TestContext, port: number, first: Buffer): Socket {
  const socket = connectSocket({ port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.on("error", () => undefined).resume();
  if (first.length > 0) socket.write(first);
  return socket;
}

test("a call of which no message comes, or only a part, ends in time; its connection stays", async (t) => {
  const { port, log } = await grpcPort(t, { requestMs: 300 });
  const session = openSession(t, port);
  for (const first of [undefined, Buffer.from([0, 0])]) {
    const stream = session.request(HEADERS);
    if (first !== undefined) stream.write(first);
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    assert.equal(headers["grpc-status"], DEADLINE_EXCEEDED);
    assert.match(
      String(headers["grpc-message"]),
      /not%20arrived%20within%200.3%20s|not arrived within 0.3 s/,
    );
    const line = log.find(({ reqId }) => reqId === headers["x-request-id"]);
    assert.equal(line?.["code"], "DEADLINE_EXCEEDED");
    stream.resume();
    await once(stream, "close");
  }
  assert.equal(session.closed, false);
  // A message that has come is not waited for any more.
  const { live } = await connect(t, port).call<{ live: boolean }>("ServerLive", {});
  assert.equal(live, true);
});

test("connections that say nothing, or start a call that they never finish, are closed", async (t) => {
  const { port } = await grpcPort(t, { keepAliveMs: 300 });
  const silent = [Buffer.alloc(0), PREFACE.subarray(0, 9), PREFACE, Buffer.concat([PREFACE, HALF_HEADERS])];
  await Promise.all(
    silent.map(async (first) => {
      const socket = openSocket(t, port, first);
      // The server does not wait for the other side to end: what still comes is answered with a reset.
      let more: NodeJS.Timeout | undefined;
      socket.once("end", () => {
        more = setInterval(() => socket.write(Buffer.alloc(1)), 20);
      });
      await new Promise((resolve) => socket.once("close", resolve));
      clearInterval(more);
    }),
  );
  const session = openSession(t, port);
  await once(session, "close");
});

test("a connection with a call under way stays, and is closed only when it has had none for long", async (t) => {
  const { port } = await grpcPort(t, { requestMs: 900, keepAliveMs: 300 });
  const session = openSession(t, port);
  let isOver = false;
  session.once("close", () => assert.equal(isOver, true));
  const stream = session.request(HEADERS).resume();
  await once(stream, "response");
  isOver = true;
  await once(session, "close");
});

test("connections that say nothing do not hold up the end of the service", async (t) => {
  const { port, service } = await grpcPort(t);
  const sockets = [PREFACE, Buffer.concat([PREFACE, HALF_HEADERS])].map((first) =>
    openSocket(t, port, first),
  );
  for (const socket of sockets) await once(socket, "data");
  assert.equal(await service.stop(), true);
});

test("a call whose answer is never taken ends, and its connection after it", async (t) => {
  const { port } = await grpcPort(t, { writeSeconds: 0.3, keepAliveMs: 300 });
  // Its window has no room for a single byte.
  const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  session.on("error", () => undefined);
  t.after(() => session.destroy());
  const stream = session.request({ ...HEADERS, ":path": "/inference.GRPCInferenceService/ServerLive" });
  stream.on("error", () => undefined);
  stream.end(Buffer.alloc(5));
  await new Promise((resolve) => stream.once("close", resolve));
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
  await once(session, "close");
});
