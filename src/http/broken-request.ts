/** Answers requests that Node's HTTP parser could not read, or that did not arrive in time. */
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { Metrics } from "../serving/metrics.js";
import { PROBLEM_CONTENT_TYPE } from "./problem.js";

const ANSWERS: Readonly<Record<string, { status: number; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request took too long to arrive." },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail:
      "The address and the headers may have 16 KiB together; options that are longer, such as a continuation, go into the body of a JSON request.",
  },
  METHOD_CONNECT: { status: 405, detail: "This is no proxy: CONNECT is not taken." },
};

/** The client closed its connection in the middle of a request: nobody is left to be answered. */
const CLIENT_GONE = ["ECONNRESET", "HPE_INVALID_EOF_STATE"];

/** The request that was last read from a connection, with its answer. */
const CURRENT = Symbol("current request");
/** What the connection was refused with, until that is noted. */
const REFUSED = Symbol("refused");
/** Whether the request that arrives may take longer than others. */
const LONG = Symbol("long");

interface Connection extends Duplex {
  [CURRENT]?: { readonly id: string; readonly raw: ServerResponse } | undefined;
  [REFUSED]?: number | undefined;
  [LONG]?: boolean;
}

export interface BrokenRequestOptions {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "requested">;
  readonly nextId: () => string;
}

/** Notes a request when its headers were read: where the rest is refused, that is its end, and not another request. */
export function beganOn(connection: Duplex, id: string, raw: ServerResponse): void {
  (connection as Connection)[CURRENT] = { id, raw };
}

/**
 * Says whether the request that arrives on a connection may take as long as it likes. Node says once that the time of a
 * request is over; whoever lets one take longer has to end it.
 */
export function mayTakeLong(connection: Duplex, may: boolean): void {
  (connection as Connection)[LONG] = may;
}

/** The status that the rest of a request was refused with; undefined where it was not. */
export function refusedWith(connection: Duplex): number | undefined {
  const refused = (connection as Connection)[REFUSED];
  (connection as Connection)[REFUSED] = undefined;
  return refused;
}

/**
 * For Fastify's `clientErrorHandler`, and for methods that no route can have: answers with a problem document, closes
 * the connection, and gives what was refused an id, a line of log and a metric as every request has. What was received
 * is not logged: it may hold a token.
 */
export function refuseBrokenRequests({ log, metrics, nextId }: BrokenRequestOptions) {
  return (error: NodeJS.ErrnoException, connection: Duplex): void => {
    const socket = connection as Connection & Pick<Socket, "bytesWritten" | "destroySoon">;
    if (CLIENT_GONE.includes(error.code ?? "") || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && socket[LONG] === true) return;
    const { status, detail } = ANSWERS[error.code ?? ""] ?? { status: 400, detail: "This is not HTTP/1.1." };
    const current = socket[CURRENT];
    const id = current === undefined || current.raw.writableEnded ? nextId() : current.id;
    if (socket.writable && socket.bytesWritten === 0) socket.write(answer(status, detail, id));
    socket[REFUSED] = status;
    // After Node's own listener, by which the request whose rest was refused has ended and noted the status.
    socket.once("close", () => {
      if (refusedWith(socket) === undefined) return;
      metrics.requested("none", "none", status, 0);
      log.info({ reqId: id, status, code: error.code }, "what was received is no request");
    });
    socket.destroySoon();
  };
}

function answer(status: number, detail: string, id: string): string {
  const title = STATUS_CODES[status] ?? "";
  const body = JSON.stringify({ type: "about:blank", title, status, detail, code: "INVALID_REQUEST" });
  return [
    `HTTP/1.1 ${status} ${title}`,
    "Connection: close",
    `X-Request-Id: ${id}`,
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
