/** A proxy before an object store that holds up, refuses, cuts and changes requests as a test says. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";

export interface ProxiedRequest {
  readonly method: string;
  /** With its query. It and the headers may be changed before the request is passed on. */
  path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * `pass`; `cut`: the connection ends before the store has seen the request; `lost`: after the store has done its work;
 * `half`: in the middle of the answer; or an error in place of the store's answer.
 */
export type Fate = "pass" | "cut" | "lost" | "half" | { readonly status: number; readonly code: string };

export interface FaultyProxy {
  readonly url: string;
  /** Every request that came, as "GET /bucket/key?query". */
  readonly seen: string[];
  /** What happens to a request; at first, all pass. It may take its time. */
  fate: (request: ProxiedRequest) => Fate | Promise<Fate>;
  /** Changes the headers of an answer. */
  onAnswer: (request: ProxiedRequest, headers: IncomingHttpHeaders) => void;
  /** Called when the store has done with a request. */
  onDone: () => void;
  close(): void;
}

export async function startFaultyProxy(t: TestContext, target: string): Promise<FaultyProxy> {
  const server = createServer(async (incoming, response) => {
    const { method = "GET", url: path = "/" } = incoming;
    const request = { method, path, headers: { ...incoming.headers } };
    proxy.seen.push(`${method} ${path}`);
    const body = await buffer(incoming).catch(() => undefined);
    if (body === undefined) return;
    const fate = await proxy.fate(request);
    if (fate === "cut") return void incoming.socket.destroy();
    if (typeof fate === "object") {
      response.writeHead(fate.status, { "content-type": "application/xml" });
      response.end(`<?xml version="1.0"?><Error><Code>${fate.code}</Code><Message>so</Message></Error>`);
      return;
    }
    const answer = await passOn(target, request, body);
    const content = await buffer(answer);
    proxy.onDone();
    if (fate === "lost") return void incoming.socket.destroy();
    const headers = { ...answer.headers };
    proxy.onAnswer(request, headers);
    if (method !== "HEAD") delete headers["transfer-encoding"];
    response.writeHead(answer.statusCode ?? 500, headers);
    if (fate === "pass") return void response.end(content);
    response.write(content.subarray(0, content.length / 2), () => incoming.socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  t.after(close);
  const { port } = server.address() as AddressInfo;
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    fate: () => "pass",
    onAnswer: () => undefined,
    onDone: () => undefined,
    close,
  };
  return proxy;
}

async function passOn(target: string, request: ProxiedRequest, body: Buffer): Promise<IncomingMessage> {
  const { method, path, headers } = request;
  const outgoing = send(`${target}${path}`, { method, headers, agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return answer;
}
