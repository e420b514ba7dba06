/** Unfinished messages of gRPC fill no more than their share, and are closed. */
import assert from "node:assert/strict";
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { test } from "node:test";
import { connect } from "../http/grpc/grpc-client.js";
import { startService, WINDOW } from "../http/running-service.js";

const MIB = 2 ** 20;
const RESOURCE_EXHAUSTED = "8";
const DEADLINE_EXCEEDED = "4";

interface Ended {
  /** gRPC's, from header or trailer. */
  readonly status: unknown;
  readonly requestId: unknown;
}

/** How a call ends. */
function endOf(stream: ClientHttp2Stream): Promise<Ended> {
  return new Promise((resolve) => {
    let end: Ended = { status: undefined, requestId: undefined };
    const note = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers["grpc-status"] !== undefined) {
        end = { status: headers["grpc-status"], requestId: headers["x-request-id"] };
      }
    };
    stream
      .on("response", note)
      .on("trailers", note)
      .on("error", () => undefined)
      .once("close", () => resolve(end))
      .resume();
  });
}

/** The head of a message of so many bytes, and the first ones. */
function part(length: number, bytes: number): Buffer {
  const message = Buffer.alloc(5 + bytes, 0x20);
  message.writeUInt8(0, 0);
  message.writeUInt32BE(length, 1);
  return message;
}

test("unfinished messages fill no more than their share; others are answered, and the stalled are closed", async (t) => {
  const { service, log, score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_GRPC_PORT: 0, RESIDUA_MAX_BODY_BYTES_IN_FLIGHT: 8 * MIB },
    timeouts: { stalledMs: 2000 },
  });
  const before = process.memoryUsage().rss;
  // A connection of HTTP/2 for each, since one holds a limited number of bytes that are not read.
  const ends = Array.from({ length: 30 }, () => {
    const session = connectHttp2(`http://127.0.0.1:${service.grpc!.port}`).on("error", () => undefined);
    t.after(() => session.destroy());
    const stream = session.request({
      ":method": "POST",
      ":path": "/inference.GRPCInferenceService/ModelInfer",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const end = endOf(stream);
    stream.write(part(4 * MIB, 3 * MIB));
    return end;
  });
  const raw = (windows: number) => ({
    model_name: "small",
    inputs: [{ name: "windows", datatype: "FP64", shape: [windows, 4, 2] }],
    raw_input_contents: [Buffer.from(new Float64Array(Array(windows).fill(WINDOW).flat(2)).buffer)],
  });
  const client = connect(t, service.grpc!.port);
  // One that comes in one piece needs no room.
  for (let i = 0; i < 5; i++) await client.call("ModelInfer", raw(1));
  assert.equal((await score("small", { windows: [WINDOW] })).status, 200);
  const all = await Promise.all(ends);
  const refused = all.filter(({ status }) => status === RESOURCE_EXHAUSTED);
  const stalled = all.filter(({ status }) => status === DEADLINE_EXCEEDED);
  assert.deepEqual([refused.length >= 25, refused.length + stalled.length], [true, 30], JSON.stringify(all));
  const grown = (process.memoryUsage().rss - before) / MIB;
  assert.ok(grown < 150, `${grown} MiB`);
  // Each has an id, and a line in the log.
  for (const { requestId } of all) {
    const line = log.find(({ reqId }) => reqId === requestId);
    assert.match(String(line?.["code"]), /^(QUEUE_FULL|DEADLINE_EXCEEDED)$/);
  }
  // Their bytes have been given back.
  await client.call("ModelInfer", raw(4000));
});
