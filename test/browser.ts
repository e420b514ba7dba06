/** A real browser for tests of pages: Chromium where it is installed, driven by playwright-core. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** How long anything on a page may take. */
const PATIENCE_MS = 20_000;

/** The browser on PATH, or the one that CHROMIUM names; undefined where there is none. */
export function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"];
  if (named !== undefined) return named;
  const folders = (process.env["PATH"] ?? "").split(delimiter).concat("/usr/bin");
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** For the option `skip` of a test. */
export const withoutBrowser: string | false =
  findChromium() === undefined ? "no Chromium is installed here (apt-get install chromium)" : false;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium()!,
    // In containers, tests run as root, where Chromium's own sandbox cannot be set up.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What the page complained of so far: errors of its console, its code and its security policy. */
  readonly complaints: string[];
}

/**
 * A page that is closed after the test. The test fails where the page has asked another machine for anything, and where
 * it complained and the test did not empty `complaints`.
 */
export async function openPage(
  t: TestContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  const { origin } = new URL(url);
  const outside: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
      outside.push(request.url());
  });
  t.after(() => {
    assert.deepEqual(outside, [], "The page asked another machine.");
    assert.deepEqual(complaints, [], "The page complained.");
  });
  await page.goto(url);
  return { page, complaints };
}
