import assert from "node:assert/strict";
import { test } from "node:test";
import { addVersions } from "../registry/publications.js";
import { startService, WINDOW } from "./running-service.js";

test("an admin token moves aliases, and requests follow", async (t) => {
  const { url, score, folder, service } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_ADMIN_TOKEN: "admin-token" },
  });
  await addVersions(folder, "small", [2]);
  await service.models.registry.poll();
  const admin = { authorization: "Bearer admin-token", "content-type": "application/json" };
  const change = async (method: string, alias: string, body?: string, headers = admin) => {
    const response = await fetch(`${url}/v1/models/small/aliases/${alias}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const servedBy = async () => {
    const response = await score("small", { windows: [WINDOW], include: [] });
    return ((await response.json()) as { model: { version: string } }).model.version;
  };
  assert.equal(await servedBy(), "2");
  const put = await change("PUT", "stable", '{"version":"1"}');
  assert.equal(put.status, 200);
  assert.deepEqual(put.body["aliases"], { stable: "1" });
  assert.equal(await servedBy(), "1");
  assert.equal((await fetch(`${url}/readyz`)).status, 200);

  for (const [method, alias, body, status, code] of [
    ["PUT", "stable", '{"version":"9"}', 404, "VERSION_NOT_FOUND"],
    ["PUT", "stable", '{"version":2}', 400, "INVALID_REQUEST"],
    ["PUT", "stable", '{"version":"2","force":true}', 400, "INVALID_REQUEST"],
    ["PUT", "stable", '{"version":"2","__proto__":{}}', 400, "INVALID_REQUEST"],
    ["PUT", "stable", '{"version":', 400, "INVALID_JSON"],
    ["PUT", "stable", "", 400, "INVALID_JSON"],
    ["PUT", "Stable!", '{"version":"2"}', 400, "INVALID_REQUEST"],
    ["DELETE", "beta", undefined, 404, "ALIAS_NOT_FOUND"],
  ] as const) {
    const refused = await change(method, alias, body);
    assert.equal(refused.body["code"], code, body);
    assert.equal(refused.status, status);
  }
  const unauthorized = await change("DELETE", "stable", undefined, { ...admin, authorization: "Bearer x" });
  assert.equal(unauthorized.status, 401);
  assert.equal(await servedBy(), "1");

  const deleted = await change("DELETE", "stable");
  assert.equal(deleted.status, 200);
  assert.deepEqual(deleted.body["aliases"], {});
  assert.equal(await servedBy(), "2");
});

test("the API token does not open what the admin token does", async (t) => {
  const { url } = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_ADMIN_TOKEN: "admin-token", RESIDUA_API_TOKEN: "api-token" },
  });
  const status = async (token: string) => {
    const response = await fetch(`${url}/v1/models/small/aliases/stable`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: '{"version":"1"}',
    });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await status("api-token"), 401);
  assert.equal(await status("admin-token"), 200);
});
