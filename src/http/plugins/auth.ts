/**
 * Bearer tokens: the API token for all routes but the probes, the admin token for routes that change
 * something.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { onRequestHookHandler } from "fastify";
import fp from "fastify-plugin";
import { ResiduaError } from "../../errors.js";

export interface AuthOptions {
  readonly apiToken: string | undefined;
  readonly adminToken: string | undefined;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether the route is answered without a token, or which requests to it are. */
    isOpen?: boolean | ((request: FastifyRequest) => boolean);
  }
  interface FastifyInstance {
    /** The `onRequest` hook of a route that changes something. */
    requireAdmin: onRequestHookHandler;
  }
}

export const auth = fp<AuthOptions>(
  (app, { apiToken, adminToken }, done) => {
    const admin = tokenCheck([adminToken]);
    app.decorate("requireAdmin", (request, _reply, next) =>
      next(admin(request.headers.authorization) ? undefined : unauthorized("an admin")),
    );
    if (apiToken !== undefined) {
      const api = tokenCheck([apiToken, adminToken]);
      app.addHook("onRequest", (request, _reply, next) => {
        const { isOpen = false } = request.routeOptions.config;
        const passes = typeof isOpen === "function" ? isOpen(request) : isOpen;
        next(passes || api(request.headers.authorization) ? undefined : unauthorized("an API"));
      });
    }
    done();
  },
  { name: "auth" },
);

function unauthorized(which: string): ResiduaError {
  return new ResiduaError(
    "UNAUTHORIZED",
    `This route needs ${which} token, sent as "Authorization: Bearer TOKEN".`,
  );
}

/**
 * Checks for one of the tokens. Hashes are compared in constant time, so that timing tells nothing about a
 * token.
 */
export function tokenCheck(tokens: readonly (string | undefined)[]): (header: string | undefined) => boolean {
  const known = tokens.filter((token) => token !== undefined).map(digest);
  return (header) => {
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(header ?? "")?.[1];
    if (given === undefined) return false;
    const hash = digest(given);
    return known.map((token) => timingSafeEqual(token, hash)).includes(true);
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
