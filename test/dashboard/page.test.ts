/** The dashboard as a person uses it, in a real browser. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { openPage, withoutBrowser } from "../browser.js";
import { FAULT, FAULTY_FILE, SENSORS, serveModels, trainPump } from "./pump.js";

const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const WEEK = { name: "week.csv", mimeType: "text/csv", buffer: Buffer.from(FAULTY_FILE) };
const TOKEN = "a-token-for-the-api";

/** What axe-core finds on a page that people would call serious. */
async function seriousFaults(page: Page): Promise<string[]> {
  // The page's policy forbids foreign scripts; the debugger's interface is not bound by it.
  await page.evaluate(await readFile(axeFile, "utf8"));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

/** Drops a file as a person does who drags it from a folder. */
async function drop(
  page: Page,
  { name, buffer }: { readonly name: string; readonly buffer: Buffer },
): Promise<void> {
  await page.evaluate(
    ([fileName, text]) => {
      const files = new (
        globalThis as unknown as { DataTransfer: new () => { items: { add(file: File): void } } }
      ).DataTransfer();
      files.items.add(new File([text!], fileName!, { type: "text/csv" }));
      const made = globalThis as unknown as {
        DragEvent: new (type: string, options: object) => Event;
        dispatchEvent(event: Event): void;
      };
      made.dispatchEvent(new made.DragEvent("drop", { dataTransfer: files, cancelable: true }));
    },
    [name, buffer.toString()],
  );
}

const rangeOf = (page: Page) => {
  const query = new URLSearchParams(new URL(page.url()).hash.split("?")[1]);
  return { from: Number(query.get("from")), to: Number(query.get("to")), threshold: query.get("threshold") };
};

test("the dashboard in a browser", { skip: withoutBrowser }, async (t) => {
  const models = await trainPump(t);

  await t.test(
    "a file with a fault shows the event on its sensor; threshold, zoom and a second version follow",
    async (t) => {
      const { url, log } = await serveModels(t, models);
      const { page } = await openPage(t, url);
      await page.getByRole("heading", { name: "Drop a file with your series here" }).waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      await drop(page, WEEK);
      const lines = page.locator(".events tbody tr");
      await lines.first().waitFor();

      // The fault is the event with the highest score, and its sensor has the largest share.
      const found = await lines.evaluateAll((rows) =>
        rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")),
      );
      const fault = found
        .map((cells) => ({ cells, score: Number(cells[5]!.replace(",", "")) }))
        .sort((a, b) => b.score - a.score)[0]!;
      assert.match(fault.cells[1]!, new RegExp(`^${SENSORS[2]}`));
      const [, start = ""] = /^\S+ (\d\d:\d\d)/.exec(fault.cells[2]!) ?? [];
      const startRow =
        (Number(start.slice(0, 2)) * 60 + Number(start.slice(3))) / 5 +
        (fault.cells[2]!.includes("-08 ") ? 288 : 0);
      assert.ok(Math.abs(startRow - FAULT.from) <= 8, `starts in row ${startRow}`);
      assert.deepEqual(await seriousFaults(page), []);

      // The slider: nothing is scored again, and the highest threshold leaves no event.
      const requests = () => log.filter(({ path }) => String(path).includes("/score")).length;
      const before = requests();
      const slider = page.getByRole("slider", { name: "Threshold" });
      await slider.fill("1000");
      await page.getByText("No event at this threshold.").waitFor();
      const fields = page.locator(".numbers input");
      assert.ok((await fields.count()) >= 2);
      await page.getByRole("button", { name: "The model's own" }).click();
      await lines.first().waitFor();
      assert.equal(await lines.count(), found.length);
      await page.getByRole("spinbutton", { name: /False-alarm rate/ }).fill("20");
      await page.keyboard.press("Enter");
      assert.notEqual(await lines.count(), found.length);
      assert.equal(requests(), before);
      assert.notEqual(rangeOf(page).threshold, null);
      await page.getByRole("button", { name: "The model's own" }).click();

      // An event leads to its rows; keys and buttons move; the link holds it.
      await page.getByRole("button", { name: `Show event ${fault.cells[0]}` }).click();
      const zoomed = rangeOf(page);
      assert.ok(zoomed.from > 0 && zoomed.from < FAULT.from && zoomed.to > FAULT.to && zoomed.to < 600);
      await page.locator(".charts").focus();
      await page.keyboard.press("+");
      assert.ok(rangeOf(page).to - rangeOf(page).from < zoomed.to - zoomed.from);
      await page.keyboard.press("ArrowRight");
      assert.ok(rangeOf(page).from > zoomed.from);
      const score = (await page.locator(".chart .u-over").first().boundingBox())!;
      await page.mouse.move(score.x + score.width * 0.25, score.y + 30);
      await page.mouse.down();
      await page.mouse.move(score.x + score.width * 0.5, score.y + 30, { steps: 4 });
      await page.mouse.up();
      const dragged = rangeOf(page);
      assert.ok(dragged.to - dragged.from < zoomed.to - zoomed.from);
      await page.getByRole("button", { name: "All rows" }).click();
      assert.equal(rangeOf(page).to, 0);

      // What is shown can be saved.
      for (const [name, ending] of [
        ["Save picture", "week.png"],
        ["Save rows", "week-scores.csv"],
      ] as const) {
        const saved = page.waitForEvent("download");
        await page.getByRole("button", { name }).click();
        assert.equal((await saved).suggestedFilename(), ending);
        const content = await readFile((await (await saved).path())!);
        if (ending.endsWith(".png")) assert.deepEqual([...content.subarray(1, 4)], [...Buffer.from("PNG")]);
        else assert.equal(content.toString().trim().split("\n").length, 601);
      }

      // A second version on the same rows.
      await page.getByLabel("Beside it").selectOption("1");
      await page.getByRole("heading", { name: "Events of pump 1" }).waitFor();
      assert.equal(await page.locator(".chart .score-0, .chart.score-0").count(), 1);
      assert.equal(await page.locator(".chart.score-1").count(), 1);
      await page.getByLabel("Version").selectOption("1");
      await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
    },
  );

  await t.test(
    "a file that cannot be read is said in the service's words, where it was dropped",
    async (t) => {
      const { url } = await serveModels(t, models);
      const { page, complaints } = await openPage(t, `${url}/#/series?model=pump`);
      await page.getByRole("heading", { name: /Drop a file/ }).waitFor();
      await drop(page, { name: "broken.csv", buffer: Buffer.from("time,flow\n2026-01-01T00:00:00Z,1\n") });
      const problem = page.getByRole("alert");
      await problem.getByText(/^broken\.csv has no column "pressure"/).waitFor();
      assert.deepEqual(await seriousFaults(page), []);
      // The browser itself logs the status 400.
      assert.ok(complaints.every((text) => /status of 400/.test(text)));
      complaints.length = 0;
      await drop(page, WEEK);
      await page.locator(".events tbody tr").first().waitFor();
    },
  );

  await t.test("with a token, the page asks for it, keeps it nowhere, and works", async (t) => {
    const { url } = await serveModels(t, models, { RESIDUA_API_TOKEN: TOKEN });
    const { page, complaints } = await openPage(t, url);
    const dialog = page.getByRole("dialog", { name: "This service needs a token" });
    await dialog.waitFor();
    assert.deepEqual(await seriousFaults(page), []);
    await page.getByLabel("API token").fill("another");
    await page.keyboard.press("Enter");
    await page.getByText("The service does not take this token.").waitFor();
    await page.getByLabel("API token").fill(TOKEN);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Use the model's sample" }).click();
    await page.getByText(/rows above the threshold/).waitFor();
    await page.getByRole("link", { name: "Operations" }).click();
    await page.getByRole("heading", { name: "Queue" }).waitFor();
    const kept = await page.evaluate(() => {
      const { localStorage, sessionStorage, document } = globalThis as unknown as {
        localStorage: object;
        sessionStorage: object;
        document: { cookie: string; documentElement: { outerHTML: string } };
      };
      return JSON.stringify([
        localStorage,
        sessionStorage,
        document.cookie,
        document.documentElement.outerHTML,
      ]);
    });
    assert.ok(!kept.includes(TOKEN) && !page.url().includes(TOKEN));
    assert.ok(complaints.every((text) => /status of 401/.test(text)));
    complaints.length = 0;
    await page.close();
  });

  await t.test(
    "models and operations are shown, in both themes and on a phone's width, and axe finds nothing serious",
    async (t) => {
      const { url, score } = await serveModels(t, models);
      const series = FAULTY_FILE.trim()
        .split("\n")
        .slice(1, 101)
        .map((line) => line.split(",").slice(1).map(Number));
      await (await score("pump", { series })).arrayBuffer();
      for (const colorScheme of ["light", "dark"] as const) {
        const { page } = await openPage(t, `${url}/#/models?model=pump&version=2`, {
          colorScheme,
          // Colours that are still changing have another contrast.
          reducedMotion: "reduce",
          viewport: { width: 390, height: 800 },
        });
        await page.getByRole("heading", { name: "Scores now, beside normal ones" }).waitFor();
        for (const sensor of SENSORS) await page.getByRole("rowheader", { name: sensor }).waitFor();
        const text = await page.locator("main").innerText();
        assert.match(text, /93 windows since/);
        assert.match(text, /File\s+\w+\.csv\s+Rows\s+\d/);
        assert.deepEqual(await seriousFaults(page), []);
        await page.getByRole("link", { name: "Operations" }).click();
        await page.getByRole("heading", { name: "Windows in an engine run" }).waitFor();
        assert.deepEqual(await seriousFaults(page), []);
        const width = await page.evaluate(
          () =>
            (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document
              .documentElement.scrollWidth,
        );
        assert.ok(width <= 390, `the page is ${width} wide`);
        await page.getByRole("button", { name: /light and dark/ }).click();
        assert.deepEqual(await seriousFaults(page), []);
        // It goes on asking for metrics, and the service ends before the browser does.
        await page.close();
      }
    },
  );
});
