/** A proxy that refuses or loses requests as told, and passes all others on: what a busy service looks like. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";

/** `later`: 503 for now. `full`: 429. `lost`: the service does its work, and the answer never arrives. */
export type Trouble = "later" | "full" | "lost";

const STATUS: Readonly<Record<Trouble, number>> = { later: 503, full: 429, lost: 0 };

export interface UnreliableProxy {
  readonly url: string;
  /** How often each trouble was made, and how many requests were answered. */
  readonly made: Readonly<Record<Trouble | "answered", number>>;
}

/**
 * @param target the service's address
 * @param troubles for the first requests with this method and end of the path, in order
 */
export async function startUnreliableProxy(
  t: TestContext,
  target: string,
  troubles: Readonly<Record<string, readonly Trouble[]>>,
): Promise<UnreliableProxy> {
  const left = new Map(Object.entries(troubles).map(([route, list]) => [route, [...list]]));
  const made = { later: 0, full: 0, lost: 0, answered: 0 };
  const server = createServer(async (request, response) => {
    const { method = "GET", url = "/" } = request;
    const path = url.split("?")[0]!;
    const body = await buffer(request);
    const [, list] = [...left].find(([route]) => `${method} ${path}`.match(route) !== null) ?? [];
    const trouble = list?.shift();
    made[trouble ?? "answered"]++;
    if (trouble === "later" || trouble === "full") {
      response.writeHead(STATUS[trouble], { "retry-after": "0" }).end();
      return;
    }
    const headers = Object.entries(request.headers).filter(
      ([name]) => !["host", "connection", "content-length"].includes(name),
    ) as [string, string][];
    const hasBody = method !== "GET" && method !== "DELETE";
    const answer = await fetch(target + url, { method, headers, ...(hasBody && { body }) });
    const content = Buffer.from(await answer.arrayBuffer());
    if (trouble === "lost") {
      request.socket.destroy();
      return;
    }
    const type = answer.headers.get("content-type");
    const id = answer.headers.get("x-request-id");
    response.writeHead(answer.status, {
      ...(type && { "content-type": type }),
      ...(id && { "x-request-id": id }),
    });
    response.end(content);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, made };
}
