/** The dashboard's files, as the browser gets them: compiled modules, and what is beside them in the sources. */
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What the page takes from packages: no request leaves the machine. */
const FROM_PACKAGES = ["uplot/dist/uPlot.iife.min.js", "uplot/dist/uPlot.min.css"];
const PAGE_FILE = /\.(html|css|svg)$/;

/**
 * Fills dist/page with the dashboard's modules, the few modules of other folders that they import, and its styles.
 *
 * @param root the project's folder
 * @param compile runs the compiler with these arguments
 */
export async function buildPage(root, compile) {
  const out = join(root, "dist", "page");
  rmSync(out, { recursive: true, force: true });
  const sources = join(root, "src", "dashboard");
  await compile(["-p", join(sources, "tsconfig.json")]);
  mkdirSync(join(out, "dashboard"), { recursive: true });
  for (const name of readdirSync(sources)) {
    if (PAGE_FILE.test(name)) copyFileSync(join(sources, name), join(out, "dashboard", name));
  }
  for (const file of FROM_PACKAGES) {
    copyFileSync(join(root, "node_modules", file), join(out, "dashboard", file.split("/").at(-1)));
  }
}
