/**
 * Closes connections of gRPC that have no call for long, and ends calls whose answers are not taken. The library can do the first
 * too, but it waits for clients to close their side and to finish headers that they began, which one that means harm never does.
 */
import { constants, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** How long a client has to read that the connection is closed. */
const GOODBYE_MS = 250;

export class QuietConnections {
  readonly #quietMs: number;
  readonly #writeMs: number;
  readonly #sockets = new Set<Socket>();

  /**
   * @param quietMs a connection that has had no call for so long is closed.
   * @param writeMs so is a call of whose answer the client has taken nothing for so long.
   */
  constructor(quietMs: number, writeMs: number) {
    this.#quietMs = quietMs;
    this.#writeMs = writeMs;
  }

  /** Watches what connects from now on. */
  watch(server: Http2Server): void {
    let latest!: Socket;
    // The session is made of it at once, and keeps it to itself.
    server.prependListener("connection", (socket: Socket) => {
      latest = socket;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      // The other side may stay open for ever.
      socket.once("finish", () => setTimeout(() => socket.destroy(), GOODBYE_MS));
    });
    server.on("session", (session) => this.#watchSession(session, latest));
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #watchSession(session: ServerHttp2Session, socket: Socket): void {
    let calls = 0;
    const timer = setTimeout(() => {
      if (calls > 0) return;
      session.close();
      setTimeout(() => socket.destroy(), GOODBYE_MS);
    }, this.#quietMs).unref();
    session.on("stream", (stream) => {
      calls += 1;
      // It also comes where nothing was read or written because the call is being answered; each write begins it anew.
      stream.setTimeout(this.#writeMs, () => {
        if (stream.writableLength > 0 || stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.once("close", () => {
        calls -= 1;
        if (calls === 0 && !socket.destroyed) timer.refresh();
      });
    });
    socket.once("close", () => clearTimeout(timer));
  }
}
