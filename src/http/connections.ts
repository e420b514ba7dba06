/**
 * The connections of the server. Requests that a client sends before the answers to earlier ones (pipelining,
 * RFC 9112, section 9.3.2) are begun one after another. Those that wait are dropped with their connection, and
 * are bounded: it is not read meanwhile. What one read brought, Node makes requests of at once; a connection
 * that brought too many is closed.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { pauseReading } from "./paused-reading.js";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ConnectionLimits {
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A client that takes nothing of an answer for so long is given up. */
  readonly writeTimeoutMs: number;
}

/** With so many requests waiting, a connection is not read. */
const PAUSE_AT = 16;
/**
 * With so many, no other connection is read in this turn of the event loop: a read of 64 KiB can bring two
 * thousand requests, which take Node some milliseconds to make.
 */
const BREAK_AT = 64;
/** With so many, the connection is closed. */
const CLOSE_AT = 512;

/** What a socket of the server brought. */
const CONNECTION = Symbol("connection");
type ServedSocket = Socket & { [CONNECTION]?: Connection };

/** A server whose requests go to `handle`, those of one connection one after another. */
export function createHttpServer(
  options: ServerOptions,
  limits: ConnectionLimits,
  handle: RequestHandler,
): Server {
  const all = new Connections(handle);
  const server = createServer(options, (request, response) => {
    const socket: ServedSocket = request.socket;
    socket[CONNECTION] ??= new Connection(socket, all);
    socket[CONNECTION].take(request, response);
  });
  server.on("connection", (socket: Socket) => all.add(socket));
  // Node calls it where nothing was read or written for so long, also where a connection was kept alive in vain.
  // Where bytes of a write went out since, it waits once more before it calls; so it is told half of the time.
  server.setTimeout(limits.writeTimeoutMs / 2, (socket: ServedSocket) => {
    const isAnswering = socket[CONNECTION]?.isAnswering;
    if (isAnswering === false || socket.writableLength > 0) socket.destroy();
  });
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  return server;
}

class Connections {
  readonly handle: RequestHandler;
  readonly #open = new Set<ServedSocket>();
  readonly #turns: (() => void)[] = [];

  constructor(handle: RequestHandler) {
    this.handle = handle;
  }

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
  }

  /**
   * Ends the reading of all connections for this turn of the event loop, since one has brought too many requests. Those
   * that have not done so have the next turn for themselves: they do not wait for all that come to flood the service.
   */
  takeBreak(): void {
    const modest: (() => void)[] = [];
    const others: (() => void)[] = [];
    for (const socket of this.#open) {
      if (socket.isPaused()) continue;
      (socket[CONNECTION]?.isModest === true ? modest : others).push(pauseReading(socket));
    }
    setImmediate(() => {
      for (const goOn of modest) goOn();
      setImmediate(() => {
        for (const goOn of others) goOn();
      });
    });
  }

  /** Calls `next` in a turn of the event loop of its own. */
  afterTurn(next: () => void): void {
    if (this.#turns.push(next) === 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turns[0]!();
    this.#turns.shift();
    if (this.#turns.length > 0) setImmediate(this.#turn);
  };
}

/** What a client sent on one connection. */
class Connection {
  readonly #socket: Socket;
  readonly #all: Connections;
  readonly #waiting: [IncomingMessage, ServerResponse][] = [];
  #isAnswering = false;
  /** Whether it has been answered, and has not brought too many requests at once since. */
  isModest = false;
  /** Where its reading is stopped: what goes on with it. */
  #goOn: (() => void) | undefined;

  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  constructor(socket: Socket, all: Connections) {
    this.#socket = socket;
    this.#all = all;
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#isAnswering) {
      this.#begin(request, response);
      return;
    }
    const waiting = this.#waiting.push([request, response]);
    if (waiting >= PAUSE_AT) this.#goOn ??= pauseReading(this.#socket);
    if (waiting === BREAK_AT) {
      this.isModest = false;
      this.#all.takeBreak();
    }
    if (waiting === CLOSE_AT) this.#close();
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#isAnswering = true;
    response.on("close", this.#onEnd);
    this.#all.handle(request, response);
  }

  readonly #onEnd = (): void => {
    if (this.#waiting.length === 0) {
      this.#isAnswering = false;
      this.isModest = true;
    } else this.#all.afterTurn(this.#next);
  };

  readonly #next = (): void => {
    const first = this.#socket.destroyed ? undefined : this.#waiting.shift();
    if (first === undefined) {
      this.#waiting.length = 0;
      return;
    }
    if (this.#waiting.length < PAUSE_AT) {
      this.#goOn?.();
      this.#goOn = undefined;
    }
    this.#begin(...first);
  };

  #close(): void {
    this.#waiting.length = 0;
    // What is left of the read need not become requests, each of which Node would end with an error of its own.
    const { parser } = this.#socket as Socket & { parser?: { onIncoming: () => number } };
    if (parser != null) parser.onIncoming = () => 0;
    this.#socket.destroy();
  }
}
