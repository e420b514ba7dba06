/** What the dashboard shows while the store of models cannot be read, in a real browser. */
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { test } from "node:test";
import { openPage, withoutBrowser } from "../browser.js";
import { startService } from "../http/running-service.js";
import { temporaryFolder } from "../registry/publications.js";

/** Waits until the service says why it cannot read its models, or that it can. */
async function problemOf(url: string, isThere: boolean): Promise<string> {
  for (;;) {
    const { problem } = (await (await fetch(`${url}/v1/models`)).json()) as { problem: string | null };
    if ((problem !== null) === isThere) return problem ?? "";
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("while the models cannot be read, their page says why in the service's words, and shows those that are live", {
  skip: withoutBrowser,
}, async (t) => {
  const { url, folder } = await startService(t, { config: { RESIDUA_POLL_SECONDS: 0.1 } });
  const { page } = await openPage(t, `${url}/#/models`);
  const entry = page.getByRole("navigation", { name: "Models and versions" }).getByText("Version 1").first();
  await entry.waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);

  await rename(folder, `${folder}-away`);
  const problem = await problemOf(url, true);
  await page.reload();
  await page.getByRole("alert").getByText(problem, { exact: true }).waitFor();
  await entry.waitFor();

  await rename(`${folder}-away`, folder);
  await problemOf(url, false);
  await page.reload();
  await entry.waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("a service that has never read its models says why on both pages, instead of asking to train one", {
  skip: withoutBrowser,
}, async (t) => {
  const missing = `${await temporaryFolder(t)}/missing`;
  const { url } = await startService(t, { config: { RESIDUA_MODELS: missing }, contents: {} });
  const problem = await problemOf(url, true);
  const { page } = await openPage(t, url);
  for (const link of ["Series", "Models"]) {
    await page.getByRole("link", { name: link, exact: true }).click();
    await page.getByRole("alert").getByText(problem, { exact: true }).waitFor();
    assert.equal(await page.getByText("npm run -s residua").count(), 0);
  }
});
