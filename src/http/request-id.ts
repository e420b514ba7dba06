/** X-Request-Id: the caller's, if it sent a sane one, else ours. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const SANE = /^[A-Za-z0-9._:=+/@-]{1,128}$/;

/** Makes ids that are unique over processes and restarts and cost no randomness a request. */
export function requestIdSource(): (request: Pick<IncomingMessage, "headers">) => string {
  const prefix = randomBytes(9).toString("base64url");
  let count = 0;
  return (request) => {
    const given = request.headers["x-request-id"];
    if (typeof given === "string" && SANE.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
