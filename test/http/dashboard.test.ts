import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { startService } from "./running-service.js";

test("/ is the dashboard, without inline code, and for programs that ask for JSON what /v2 answers", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  for (const accept of ["text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "application/json, text/html"]) {
    const page = await fetch(url, { headers: { accept } });
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/, accept);
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:/);
    assert.doesNotMatch(await page.text(), /<script(?![^>]*src)|\son\w+=|\sstyle=|<style/);
  }
  const description = await fetch(url, { headers: { accept: "application/json" } });
  assert.deepEqual(await description.json(), await (await fetch(`${url}/v2`)).json());
});

test("every file that a page's file names is there, and nothing else is", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const seen = new Set<string>();
  const look = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    if (!/\.(js|html)$|^\/$/.test(path)) return;
    const content = await response.text();
    const names = content.matchAll(/(?:from|import\(|import) ?"(\.[^"]+)"|(?:src|href)="(\/page\/[^"]+)"/g);
    for (const [, module, file] of names) {
      await look(file ?? new URL(module!, url + path).pathname);
    }
  };
  await look("/");
  assert.ok(seen.has("/page/dashboard/series-view.js") && seen.has("/page/scoring/events.js"));
  assert.equal((await fetch(`${url}/page/dashboard/uPlot.iife.min.js`)).status, 200);
  for (const path of [
    "/page/",
    "/page/nothing.js",
    "/page/dashboard",
    "/page/server.js",
    "/page/%2e%2e/src/server.js",
  ]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
  // fetch resolves dots itself.
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.end("GET /page/../src/server.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(await text(socket), /^HTTP\/1\.1 404 /);
});

test("the page's files are open where a token is set, what the page shows is not", async (t) => {
  const { url } = await startService(t, { contents: { small: {} }, config: { RESIDUA_API_TOKEN: "secret" } });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await fetch(url + path, { headers })).status;
  assert.equal(await status("/"), 200);
  assert.equal(await status("/page/dashboard/main.js"), 200);
  assert.equal(await status("/", { accept: "application/json" }), 401);
  assert.equal(await status("/", { accept: "application/json", authorization: "Bearer secret" }), 200);
  for (const path of ["/v1/models", "/metrics", "/v1/models/small/sample"])
    assert.equal(await status(path), 401);
});

test("a file that is unchanged is not sent again", async (t) => {
  const { url } = await startService(t, { contents: { small: {} } });
  const first = await fetch(`${url}/page/dashboard/main.js`);
  const etag = first.headers.get("etag")!;
  const again = await fetch(`${url}/page/dashboard/main.js`, {
    headers: { "if-none-match": etag, "cache-control": "max-age=0" },
  });
  assert.equal(again.status, 304);
});
