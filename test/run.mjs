/** Runs the compiled tests: all with `npm test`, those whose path contains "engine" with `npm test -- engine`. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, "dist", "test"), { recursive: true })
  .map(String)
  .filter(
    (file) =>
      file.endsWith(".test.js") && (wanted.length === 0 || wanted.some((part) => file.includes(part))),
  )
  .sort()
  .map((file) => join("dist", "test", file));
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(", ") || "dist/test/**/*.test.js"}.`);
  process.exit(1);
}
const options = [
  "--test",
  "--test-reporter=spec",
  "--enable-source-maps",
  // Node leaves a core free, which on two of them is half of the machine: many tests wait for a process of their own.
  `--test-concurrency=${availableParallelism()}`,
  // A test that hangs is named, instead of holding up all. The longest take a minute, on a busy machine several.
  `--test-timeout=${20 * 60_000}`,
];
const child = spawn(process.execPath, [...options, ...files], { cwd: root, stdio: "inherit" });
child.once("exit", (code) => process.exit(code ?? 1));
