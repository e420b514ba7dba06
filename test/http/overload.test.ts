import assert from "node:assert/strict";
import { test } from "node:test";
import { startService, WINDOW } from "./running-service.js";

test("more than the queue holds is refused with Retry-After; the rest is answered, and all is well after", async (t) => {
  const { url, score } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 512 },
  });
  const body = JSON.stringify({ windows: Array(64).fill(WINDOW) });
  let isOver = false;
  const probes = (async () => {
    while (!isOver) {
      const response = await fetch(`${url}/livez`);
      await response.arrayBuffer();
      assert.equal(response.status, 200);
    }
  })();
  const statuses = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const seen = new Set<number>();
      for (let i = 0; i < 5; i++) {
        const response = await score("small", body);
        if (response.status === 429) assert.match(response.headers.get("retry-after") ?? "", /^\d+$/);
        else assert.equal(((await response.json()) as { windows: unknown[] }).windows.length, 64);
        if (!response.bodyUsed) await response.arrayBuffer();
        seen.add(response.status);
      }
      return seen;
    }),
  );
  isOver = true;
  await probes;
  const seen = new Set(statuses.flatMap((each) => [...each]));
  assert.deepEqual(
    [...seen].filter((status) => status !== 200 && status !== 429),
    [],
  );
  assert.ok(seen.has(200));
  assert.equal((await score("small", { windows: [WINDOW] })).status, 200);
});
