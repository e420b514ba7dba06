/** However many series are fed, and however long they are, other requests are answered. */
import assert from "node:assert/strict";
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

/** Resolves when so many windows wait. */
async function queueHolds(url: string, windows: number): Promise<void> {
  for (;;) {
    const text = await fetch(`${url}/metrics`).then((response) => response.text());
    if (Number(/^residua_queue_windows (\d+)$/m.exec(text)?.[1]) >= windows) return;
  }
}
