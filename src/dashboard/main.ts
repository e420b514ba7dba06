/** The dashboard: shows the page that the address names. */
import { whenTokenIsNeeded } from "./api.js";
import { parseLink, type View } from "./link.js";
import { problemBox } from "./problem-box.js";
import { connectThemeButton } from "./theme.js";
import { askForToken } from "./token-dialog.js";

/** Makes a page's content; `signal` is aborted when another page takes its place. */
export type Page = (view: View, signal: AbortSignal) => HTMLElement | Promise<HTMLElement>;

const TITLES = { series: "Series", models: "Models", operations: "Operations" } as const;

/** A page's code is loaded when the page is. */
const PAGES: Readonly<Record<View["page"], () => Promise<Page>>> = {
  series: async () => (await import("./series-page.js")).seriesPage,
  models: async () => (await import("./models-page.js")).modelsPage,
  operations: async () => (await import("./operations-page.js")).operationsPage,
};

let shown = new AbortController();
let isFirst = true;

async function show(): Promise<void> {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const content = document.getElementById("content")!;
  const view = parseLink(location.hash);
  document.title = `${TITLES[view.page]} · Residua`;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
    if (link.dataset["page"] === view.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  try {
    const page = await PAGES[view.page]();
    const element = await page(view, signal);
    if (signal.aborted) return;
    content.replaceChildren(element);
    // A screen reader goes on from the new page, but for the first, which it reads by itself.
    if (!isFirst) content.focus({ preventScroll: true });
    isFirst = false;
  } catch (error) {
    if (!signal.aborted) content.replaceChildren(problemBox(error, () => void show()));
  }
}

whenTokenIsNeeded(askForToken);
connectThemeButton(document.getElementById("theme")!);
addEventListener("hashchange", () => void show());
void show();
