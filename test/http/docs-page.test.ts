/** The page /docs, with and without a token. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser } from "./browser.js";
import { startService } from "./running-service.js";

test("the page and its files are open, what it shows needs the token", async (t) => {
  const { url } = await startService(t, { contents: { small: {} }, config: { RESIDUA_API_TOKEN: "t" } });
  const page = await fetch(`${url}/docs`);
  assert.equal(page.status, 200);
  const policy = page.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  const files = [...(await page.text()).matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, file]) => file!);
  assert.ok(files.length > 4);
  for (const file of files) {
    const response = await fetch(url + file);
    await response.arrayBuffer();
    assert.equal(response.status, 200, file);
  }
  for (const path of ["/openapi.json", "/docs/json", "/docs/yaml"]) {
    const response = await fetch(url + path);
    await response.arrayBuffer();
    assert.equal(response.status, 401, path);
  }
});

for (const needsToken of [true, false]) {
  test(`in a browser, /docs ${needsToken ? "asks for the token and then" : ""} shows the routes`, async (t) => {
    const browser = await openBrowser(t);
    if (browser === undefined) return;
    const { url } = await startService(t, {
      contents: { small: {} },
      config: needsToken ? { RESIDUA_API_TOKEN: "sesame" } : {},
    });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${url}/docs`);
    if (needsToken) {
      await page.fill("input[name=token]", "wrong");
      await page.click("form button");
      await page.getByText("That is not a token of this service").waitFor();
      await page.fill("input[name=token]", "sesame");
      await page.click("form button");
    }
    const route = page.getByText("/v1/models/{name}/score").first();
    await route.waitFor();
    // A request from the page carries the token too.
    await page
      .locator(".opblock-summary", { hasText: /^GET\/v1\/models(?!\/)/ })
      .first()
      .click();
    await page.getByText("Try it out").click();
    await page.getByText("Execute", { exact: true }).click();
    await page.locator(".live-responses-table .response-col_status", { hasText: "200" }).first().waitFor();
    assert.deepEqual(
      complaints.filter((text) => !/status of 401/.test(text)),
      [],
    );
  });
}
