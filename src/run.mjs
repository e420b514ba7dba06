/**
 * `node src/run.mjs SCRIPT [arguments]`: what the npm scripts of package.json run. It installs and builds what the script
 * needs, and then becomes the script's program. No shell is involved, so that it is the same on every system.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { chooseNode, nodeSentence } from "./setup/node.mjs";
import { become } from "./setup/process.mjs";
import { root, setUp } from "./setup.mjs";

const BIOME = ["node_modules", "@biomejs", "biome", "bin", "biome"];

/** By script: the program, the arguments it always has, and a program that has to succeed before it. */
const SCRIPTS = {
  start: { program: ["dist", "src", "server.js"] },
  residua: { program: ["dist", "src", "cli.js"] },
  tensorflow: { program: ["dist", "src", "engine", "tensorflow", "build.js"] },
  bench: { program: ["dist", "test", "bench", "run.js"] },
  openapi: { program: ["dist", "test", "http", "openapi-file.js"] },
  test: { program: ["test", "run.mjs"], before: [BIOME, "check", "."] },
  format: { program: BIOME, args: ["check", "--write", "."] },
};

const [name, ...args] = process.argv.slice(2);
const script = Object.hasOwn(SCRIPTS, name ?? "") ? SCRIPTS[name] : undefined;
if (script === undefined) {
  console.error(
    `Usage: node src/run.mjs SCRIPT [arguments]; scripts are ${Object.keys(SCRIPTS).join(", ")}.`,
  );
  process.exit(2);
}
try {
  await setUp(name, process.env, args);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const node = chooseNode(root, process.env).path;
if (name === "start") console.error(nodeSentence(root, process.env));
if (script.before !== undefined) {
  const [program, ...given] = script.before;
  const { status } = spawnSync(node, [join(root, ...program), ...given], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
become(node, join(root, ...script.program), [...(script.args ?? []), ...args]);
