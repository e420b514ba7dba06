/** Answers requests that Node's HTTP parser could not read, or that did not arrive in time. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { PROBLEM_CONTENT_TYPE } from "./problem.js";

const ANSWERS: Readonly<Record<string, { status: number; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request took too long to arrive." },
  HPE_HEADER_OVERFLOW: { status: 431, detail: "The headers are too long." },
};

/** The client closed its connection in the middle of a request: nobody is left to be answered. */
const CLIENT_GONE = ["ECONNRESET", "HPE_INVALID_EOF_STATE"];

/** The status that a connection was refused with, for the request that was being read from it. */
const refusals = new WeakMap<object, number>();

/** For Fastify's `clientErrorHandler`: answers with a problem document and closes the connection. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (CLIENT_GONE.includes(error.code ?? "") || socket.destroyed) {
    socket.destroy();
    return;
  }
  const { status, detail } = ANSWERS[error.code ?? ""] ?? { status: 400, detail: "This is not HTTP/1.1." };
  const title = STATUS_CODES[status] ?? "";
  const body = JSON.stringify({
    type: "about:blank",
    title,
    status,
    detail,
    code: "INVALID_REQUEST",
  });
  if (socket.writable && socket.bytesWritten === 0) {
    socket.write(
      `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  refusals.set(socket, status);
  socket.destroySoon();
}

/** The status that `refuseBrokenRequest` closed a connection with; undefined where it did not. */
export function refusedWith(socket: Socket): number | undefined {
  return refusals.get(socket);
}
