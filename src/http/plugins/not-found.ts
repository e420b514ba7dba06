/**
 * Answers unknown paths with 404 and a list of routes, and known paths with a wrong method with 405 and
 * Allow.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { ResiduaError } from "../../errors.js";

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

declare module "fastify" {
  interface FastifyInstance {
    /** The not-found handler, for scopes that have an error handler of their own. */
    refuseUnknownRoute: (request: FastifyRequest, reply: FastifyReply) => never;
  }
}

/** Must be registered before the routes: it sees those that are added after it. */
export const notFound = fp(
  (app, _options, done) => {
    const paths = knownPaths(app);
    const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
      const path = request.url.split("?", 1)[0]!;
      const allowed = new Set<string>();
      for (const { pattern, methods } of paths.values()) {
        if (pattern.test(path)) for (const method of methods) allowed.add(method);
      }
      if (allowed.size === 0) {
        throw new ResiduaError(
          "ROUTE_NOT_FOUND",
          `There is no route ${request.method} ${path}; there are ${[...paths.keys()].filter((url) => isNear(url, path)).join(", ")}.`,
        );
      }
      const list = [...allowed].sort().join(", ");
      reply.header("allow", list);
      throw new ResiduaError("METHOD_NOT_ALLOWED", `${path} takes ${list}, not ${request.method}.`);
    };
    // Before the body is read: otherwise a fault in the body would be answered instead.
    app.addHook("onRequest", (request, reply, next) => {
      if (request.is404) refuse(request, reply);
      next();
    });
    app.setNotFoundHandler(refuse);
    app.decorate("refuseUnknownRoute", refuse);
    done();
  },
  { name: "not-found" },
);

/** The methods by path; filled while routes are added. */
function knownPaths(app: FastifyInstance): ReadonlyMap<string, KnownPath> {
  const paths = new Map<string, KnownPath>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = paths.get(url) ?? { pattern: pathPattern(url), methods: new Set<string>() };
    for (const name of [method].flat()) known.methods.add(name);
    paths.set(url, known);
  });
  return paths;
}

/**
 * Whether a 404 for `path` lists a route: under /v2 the routes of /v2, elsewhere all others but the files of
 * /docs and of the dashboard.
 */
function isNear(url: string, path: string): boolean {
  if (/^\/v2(\/|$)/.test(path)) return url.startsWith("/v2");
  return !url.startsWith("/v2") && !/^\/(docs|page)\//.test(url);
}

/** Whether a path matches the pattern of a route: a parameter (`:name`) matches one segment, `*` anything. */
function pathPattern(url: string): RegExp {
  const escaped = url
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:[A-Za-z]+/g, "[^/]+")
    .replace(/\*/g, ".+");
  return new RegExp(`^${escaped}/?$`);
}
