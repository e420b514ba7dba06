import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import fastify from "fastify";
import { joinChunks, PAUSE, sendChunks } from "../../src/http/body-chunks.js";

const CHUNK = new Uint8Array(65_536).fill(0x20);
const CHUNKS = 2000;

test("parts are joined to larger ones with the same bytes, and pauses stay", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 70_000 }), { maxLength: 20 }), (sizes) => {
      const parts = sizes.map((size, i) => new Uint8Array(size).fill(i));
      const joined = [...joinChunks(parts)];
      assert.equal(
        joined.filter((part) => part.length === 0).length,
        sizes.filter((size) => size === 0).length,
      );
      assert.ok(Buffer.concat(joined).equals(Buffer.concat(parts)));
      const full = joined.filter((part) => part.length > 0).slice(0, -1);
      assert.ok(full.every(({ length }) => length >= 65_536 && length < 2 * 70_000));
    }),
  );
});

test("a single part goes out with its length; what has pauses goes out all the same", async (t) => {
  const app = fastify();
  t.after(() => app.close());
  const each = function* (...parts: Uint8Array[]): Generator<Uint8Array, void> {
    yield* parts;
  };
  app.get("/one", (_, reply) => sendChunks(reply, "text/plain", each(CHUNK)));
  app.get("/paused", (_, reply) => sendChunks(reply, "text/plain", each(PAUSE, CHUNK, PAUSE, CHUNK)));
  const one = await app.inject("/one");
  assert.equal(one.headers["content-length"], String(CHUNK.length));
  const paused = await app.inject("/paused");
  assert.equal(paused.body.length, 2 * CHUNK.length);
});

for (const kind of ["there", "made"] as const) {
  test(`of parts that are ${kind}, no more are taken than the client reads, and none once it hung up`, async (t) => {
    const app = fastify();
    t.after(() => app.close());
    let taken = 0;
    let ended!: () => void;
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const there = function* (): Generator<Uint8Array, void> {
      try {
        for (; taken < CHUNKS; taken++) yield CHUNK;
      } finally {
        ended();
      }
    };
    const made = async function* (): AsyncGenerator<Uint8Array, void> {
      yield* there();
    };
    app.get("/", (_, reply) => sendChunks(reply, "text/plain", kind === "there" ? there() : made()));
    const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
    const socket = connect(Number(port), "127.0.0.1").pause();
    await once(socket, "connect");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // Until the buffers between the two ends are full.
    for (let before = -1, same = 0; same < 500; same = taken > 0 && taken === before ? same + 1 : 0) {
      before = taken;
      await nextTurn();
    }
    assert.ok(taken < CHUNKS / 4, `${taken} of ${CHUNKS} parts were taken`);
    socket.destroy();
    await end;
    assert.ok(taken < CHUNKS / 4);
  });
}

test("chunks whose client is gone before the first is sent are ended too", async (t) => {
  const app = fastify();
  t.after(() => app.close());
  let taken = 0;
  let ended!: () => void;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const chunks = function* (): Generator<Uint8Array, void> {
    try {
      for (; taken < CHUNKS; taken++) yield CHUNK;
    } finally {
      ended();
    }
  };
  app.get("/", async (request, reply) => {
    request.raw.socket.destroy();
    await once(request.raw.socket, "close");
    return sendChunks(reply, "text/plain", chunks());
  });
  const { port } = new URL(await app.listen({ port: 0, host: "127.0.0.1" }));
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await end;
  assert.ok(taken < CHUNKS / 4, `${taken} of ${CHUNKS} chunks were made`);
});
