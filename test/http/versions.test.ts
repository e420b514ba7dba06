import assert from "node:assert/strict";
import { test } from "node:test";
import { addVersions } from "../registry/publications.js";
import { startService, WINDOW } from "./running-service.js";

test("a new version takes over under load, and no request notices", async (t) => {
  const { score, folder, service } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_LIVE_VERSIONS: 1 },
  });
  let isOver = false;
  const versions = new Set<string>();
  const clients = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const response = await score("small", { windows: [WINDOW], include: [] });
      const text = await response.text();
      assert.equal(response.status, 200, text);
      versions.add((JSON.parse(text) as { model: { version: string } }).model.version);
    }
  });
  for (const version of [2, 3]) {
    await addVersions(folder, "small", [version]);
    await service.models.registry.poll();
    while (!versions.has(String(version))) await new Promise((resolve) => setImmediate(resolve));
  }
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual([...versions].sort(), ["1", "2", "3"]);
  const states = service.models.versions().map(({ version, state }) => `${version} ${state}`);
  assert.deepEqual(states, ["3 live", "2 stored", "1 stored"]);
});
