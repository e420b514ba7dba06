/**
 * Closes connections of gRPC that have no call for long. The library can do so, but it waits for the client to close its side
 * and to finish the headers that it began, which one that means harm never does.
 */
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** How long a client has to read that the connection is closed. */
const GOODBYE_MS = 250;

export class QuietConnections {
  readonly #quietMs: number;
  readonly #sockets = new Set<Socket>();

  /** @param quietMs a connection that has had no call for so long is closed. */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
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
      stream.once("close", () => {
        calls -= 1;
        if (calls === 0 && !socket.destroyed) timer.refresh();
      });
    });
    socket.once("close", () => clearTimeout(timer));
  }
}
