import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "./running-service.js";

test("the sample of a model can be scored as it is", async (t) => {
  const { url, score } = await startService(t, { contents: { small: {} } });
  const response = await fetch(`${url}/v1/models/small/sample`);
  assert.equal(response.status, 200);
  assert.equal((await score("small", await response.json())).status, 200);
  const missing = await fetch(`${url}/v1/models/nope/sample`);
  assert.equal(((await missing.json()) as { code: string }).code, "MODEL_NOT_FOUND");
});
