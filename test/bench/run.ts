/** `npm run -s bench -- SCENARIO [options]`: runs the scenario of that file name beside this one. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("./", import.meta.url);
const scenario = process.argv[2] ?? "";
const file = new URL(`${scenario}.js`, folder);
if (!/^[a-z0-9-]+$/.test(scenario) || scenario === "run" || !existsSync(file)) {
  const scenarios = readdirSync(fileURLToPath(folder))
    .filter((name) => name.endsWith(".js") && name !== "run.js")
    .map((name) => name.slice(0, -3));
  console.error(`Usage: npm run -s bench -- SCENARIO [options]; there are: ${scenarios.join(", ")}.`);
  process.exit(2);
}
// What a scenario leaves behind is removed when the process exits, which it does not of itself do on a signal.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
// A scenario reads its own options from process.argv.slice(3).
await import(file.href);
