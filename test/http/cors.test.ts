/** Pages of other origins, in requests as browsers send them and in a browser. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { openBrowser } from "./browser.js";
import { startService, WINDOW } from "./running-service.js";

const ORIGIN = "https://app.example.org";
const OTHER = "http://localhost:5173";
const small = { contents: { small: {} } };

test("without the setting, no answer has a header for other origins, and OPTIONS is 405", async (t) => {
  const { url } = await startService(t, small);
  const headers = { origin: ORIGIN, "access-control-request-method": "POST" };
  for (const method of ["GET", "OPTIONS"]) {
    const response = await fetch(`${url}/v1/models`, { method, headers });
    assert.equal(response.status, method === "GET" ? 200 : 405);
    assert.ok(![...response.headers.keys()].some((name) => name.startsWith("access-control")));
    await response.arrayBuffer();
  }
});

test("a preflight of a named origin is answered without a token, with what may be sent", async (t) => {
  const { url } = await startService(t, {
    ...small,
    config: { RESIDUA_CORS_ORIGINS: `${ORIGIN}, ${OTHER}`, RESIDUA_API_TOKEN: "t" },
  });
  const preflight = (origin: string) =>
    fetch(`${url}/v1/models/small/score`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  for (const origin of [ORIGIN, OTHER]) {
    const { status, headers } = await preflight(origin);
    assert.equal(status, 204);
    assert.equal(headers.get("access-control-allow-origin"), origin);
    assert.match(headers.get("vary") ?? "", /\bOrigin\b/);
    assert.match(headers.get("access-control-allow-methods") ?? "", /POST/);
    const allowed = (headers.get("access-control-allow-headers") ?? "").toLowerCase().split(", ");
    for (const name of [
      "authorization",
      "content-type",
      "x-request-timeout-ms",
      "x-request-id",
      "inference-header-content-length",
      "idempotency-key",
    ]) {
      assert.ok(allowed.includes(name), name);
    }
    assert.equal(headers.get("access-control-allow-credentials"), null);
  }
  for (const origin of ["https://app.example.org.evil.net", "https://example.org", "null"]) {
    const { status, headers } = await preflight(origin);
    assert.equal(status, 401, origin);
    assert.equal(headers.get("access-control-allow-origin"), null);
    assert.match(headers.get("vary") ?? "", /\bOrigin\b/);
  }
});

test("answers and errors alike may be read by a named origin, with their headers", async (t) => {
  const { url, score } = await startService(t, { ...small, config: { RESIDUA_CORS_ORIGINS: ORIGIN } });
  for (const response of [
    await score("small", { windows: Array.from({ length: 50 }, () => WINDOW) }, { origin: ORIGIN }),
    await score("small", { windows: [] }, { origin: ORIGIN }),
    await fetch(`${url}/nope`, { headers: { origin: ORIGIN } }),
  ]) {
    await response.arrayBuffer();
    assert.equal(response.headers.get("access-control-allow-origin"), ORIGIN);
    const exposed = response.headers.get("access-control-expose-headers") ?? "";
    for (const name of ["X-Request-Id", "Retry-After", "Allow"]) assert.ok(exposed.includes(name), name);
    const long = response.status === 200;
    assert.equal(response.headers.get("vary"), long ? "Origin, Accept-Encoding" : "Origin");
  }
});

test("* stands for every origin", async (t) => {
  const { score } = await startService(t, { ...small, config: { RESIDUA_CORS_ORIGINS: "*" } });
  const response = await score("small", { windows: [WINDOW] }, { origin: ORIGIN });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
});

/** The address of a page at an origin of its own. */
async function startPage(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!DOCTYPE html><title>Elsewhere</title>");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("in a browser, a page of a named origin scores with a token, and one of another does not", async (t) => {
  const browser = await openBrowser(t);
  if (browser === undefined) return;
  const [named, other] = [await startPage(t), await startPage(t)];
  const { url } = await startService(t, {
    ...small,
    config: { RESIDUA_CORS_ORIGINS: named, RESIDUA_API_TOKEN: "sesame" },
  });
  const scoreIn = async (origin: string, token: string) => {
    const page = await browser.newPage();
    await page.goto(origin);
    return page.evaluate(
      async ({ address, windows, token }) => {
        try {
          const response = await fetch(address, {
            method: "POST",
            headers: {
              "content-type": "application/json",
              authorization: `Bearer ${token}`,
              "x-request-timeout-ms": "30000",
            },
            body: JSON.stringify({ windows }),
          });
          const answer = (await response.json()) as { windows?: unknown[]; code?: string };
          return `${response.status} ${answer.code ?? answer.windows?.length} ${response.headers.has("x-request-id")}`;
        } catch (error) {
          return (error as Error).message;
        }
      },
      { address: `${url}/v1/models/small/score`, windows: Array.from({ length: 40 }, () => WINDOW), token },
    );
  };
  assert.equal(await scoreIn(named, "sesame"), "200 40 true");
  assert.equal(await scoreIn(named, "wrong"), "401 UNAUTHORIZED true");
  assert.equal(await scoreIn(other, "sesame"), "Failed to fetch");
});
