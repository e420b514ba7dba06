/**
 * The id of a request: the caller's X-Request-Id if it is short and has no odd characters, else one made
 * here.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const ACCEPTABLE = /^[A-Za-z0-9._:=+/@-]{1,128}$/;

/** Makes ids that are unique over processes and restarts: a random prefix for the process, and a count. */
export function requestIdSource(): (request: Pick<IncomingMessage, "headers">) => string {
  const prefix = randomBytes(9).toString("base64url");
  let count = 0;
  return (request) => {
    const given = request.headers["x-request-id"];
    if (typeof given === "string" && ACCEPTABLE.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
