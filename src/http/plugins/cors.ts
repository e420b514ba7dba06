/** Lets pages of other origins call the service from a browser (Cross-Origin Resource Sharing). */
import fp from "fastify-plugin";
import { addVary } from "../vary.js";

export interface CorsOptions {
  /** As RESIDUA_CORS_ORIGINS has them. */
  readonly origins: string;
}

/** How long a browser may keep the answer to a preflight; Chromium takes no more. */
const MAX_AGE_SECONDS = 7200;

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE";
/** The headers of requests that the service reads and that a browser asks about first. */
const ALLOWED_HEADERS = [
  "Authorization",
  "Content-Encoding",
  "Content-Type",
  "Idempotency-Key",
  "Inference-Header-Content-Length",
  "Traceparent",
  "X-Request-Id",
  "X-Request-Timeout-Ms",
].join(", ");
/** The headers of answers that a page may read beside those that browsers always show. */
const EXPOSED_HEADERS = [
  "Accept-Encoding",
  "Allow",
  "Inference-Header-Content-Length",
  "Location",
  "Retry-After",
  "WWW-Authenticate",
  "X-Request-Id",
].join(", ");

/**
 * Registered only where the setting is set, and before `auth`: a preflight carries no token. Pages send tokens in a
 * header and no cookies, so answers do not allow credentials.
 */
export const cors = fp<CorsOptions>(
  (app, { origins }, done) => {
    const allowed = new Set(
      origins
        .toLowerCase()
        .split(",")
        .map((origin) => origin.trim()),
    );
    const isAny = allowed.has("*");
    app.addHook("onRequest", (request, reply, next) => {
      const { origin } = request.headers;
      if (!isAny) addVary(reply, "Origin");
      if (origin === undefined || !(isAny || allowed.has(origin))) return next();
      reply.header("access-control-allow-origin", isAny ? "*" : origin);
      const isPreflight =
        request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
      if (!isPreflight) {
        reply.header("access-control-expose-headers", EXPOSED_HEADERS);
        return next();
      }
      reply
        .code(204)
        .headers({
          "access-control-allow-methods": ALLOWED_METHODS,
          "access-control-allow-headers": ALLOWED_HEADERS,
          "access-control-max-age": String(MAX_AGE_SECONDS),
        })
        .send();
    });
    done();
  },
  { name: "cors" },
);
