/** Who sent a request: its connection, or where that is a proxy's that is trusted, the client that the proxy names. */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { InputError } from "../errors.js";
import type { Client } from "../serving/request-slices.js";

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/**
 * The proxies of the setting RESIDUA_TRUST_PROXY, as Fastify takes them.
 *
 * @param text addresses and networks (`10.0.0.0/8`) with commas between them; undefined for no proxy.
 * @throws InputError where one is neither.
 */
export function trustedProxies(text: string | undefined): false | string[] {
  if (text === undefined) return false;
  const proxies = text.split(",").map((part) => part.trim());
  for (const proxy of proxies) {
    const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(proxy) ?? [];
    const most = BITS[isIP(address)];
    if (most !== undefined && Number(bits ?? most) <= most) continue;
    throw new InputError(
      `RESIDUA_TRUST_PROXY has to be addresses and networks such as 10.0.0.0/8, with commas between them; ${JSON.stringify(proxy)} is neither.`,
    );
  }
  return proxies;
}

/**
 * Who waits for the answer to a request. Where proxies are trusted, its address is the last one in X-Forwarded-For that is
 * none of theirs; whatever stands before that, or comes from anybody else, is not looked at.
 */
export function clientOf(request: FastifyRequest): Client {
  const { socket } = request.raw;
  // Fastify has it where proxies are trusted only.
  return request.ips === undefined ? socket : new ForwardedClient(socket, request.ip);
}

class ForwardedClient implements Client {
  readonly #socket: FastifyRequest["raw"]["socket"];
  readonly remoteAddress: string;

  constructor(socket: FastifyRequest["raw"]["socket"], remoteAddress: string) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }
}
