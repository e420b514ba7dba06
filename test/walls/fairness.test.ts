/** However many series are fed, and however long they are, other requests are answered. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { startService, WINDOW } from "../http/running-service.js";

const SERIES = 24;

test("beside 24 long series, single windows of the same and of another model are all answered", async (t) => {
  const { url, score } = await startService(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 2048 } });
  const body = `{"series":[${"[20,1e5],".repeat(149_999)}[20,1e5]]}`;
  const hangUp = new AbortController();
  let ended = 0;
  const series = Array.from({ length: SERIES }, async () => {
    const { signal } = hangUp;
    const request = { method: "POST", body, headers: { "content-type": "application/json" }, signal };
    try {
      await fetch(`${url}/v1/models/small/score`, request).then((response) => response.arrayBuffer());
      ended += 1;
    } catch (error) {
      assert.ok(signal.aborted, String(error));
    }
  });
  await queueHolds(url, 512);
  for (let i = 0; i < 10; i++) {
    for (const model of ["small", "composite"]) {
      const response = await score(model, { windows: [WINDOW], include: [] });
      assert.equal(response.status, 200, await response.text());
    }
    const many = await score("small", { windows: Array(500).fill(WINDOW), include: [] });
    assert.equal(many.status, 200, await many.text());
  }
  assert.ok(ended < SERIES, "the series were over too early for this to say anything");
  hangUp.abort();
  await Promise.all(series);
});

test("beside 100 connections of one address that fill the queue, requests from another are all answered", {
  // Only Linux answers on all of 127.0.0.0/8.
  skip: process.platform !== "linux",
}, async (t) => {
  const { url } = await startService(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 2048 } });
  const bodyOf = (windows: number) => JSON.stringify({ windows: Array(windows).fill(WINDOW), include: [] });
  const agents = ["127.0.0.1", "127.0.0.2"].map(
    (localAddress) => new Agent({ keepAlive: true, localAddress, maxSockets: 100 }),
  );
  let isOver = false;
  let refused = 0;
  const busy = Array.from({ length: 100 }, async () => {
    while (!isOver) if ((await statusOf(url, agents[0]!, bodyOf(64))) === 429) refused += 1;
  });
  while (refused === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 20; i++) {
    // In a queue that others fill with less, there is hardly ever room for so many.
    assert.equal(await statusOf(url, agents[1]!, bodyOf(200)), 200);
  }
  isOver = true;
  await Promise.all(busy);
  for (const agent of agents) agent.destroy();
});

/** The status that a score request is answered with. */
function statusOf(url: string, agent: Agent, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      `${url}/v1/models/small/score`,
      { method: "POST", agent, headers: { "content-type": "application/json" } },
      (response) => response.resume().once("end", () => resolve(response.statusCode!)),
    )
      .once("error", reject)
      .end(body);
  });
}

/** Resolves when so many windows wait. */
async function queueHolds(url: string, windows: number): Promise<void> {
  for (;;) {
    const text = await fetch(`${url}/metrics`).then((response) => response.text());
    if (Number(/^residua_queue_windows (\d+)$/m.exec(text)?.[1]) >= windows) return;
  }
}
