/**
 * Installs and builds whatever is missing or out of date, and nothing else; every npm script calls it first.
 *
 * Plain JavaScript, since it runs before there is a compiler. What it prints goes to stderr: stdout belongs to
 * the command it prepares. Two stamps say what is done: the hash of the lock file, and that of the sources.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKernels } from "./engine/wasm/kernels/generate.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const installStamp = join(root, "node_modules", ".residua-installed");
const kernelCache = join(root, "node_modules", ".cache", "residua");
const buildStamp = join(root, "dist", ".residua-built");

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Residua needs Node 20 or newer; this is ${process.version}.`);
  process.exit(1);
}

try {
  await install();
  await build();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (read(installStamp) === lock) return;
  console.error("Installing dependencies (npm ci) ...");
  // Scripts are off in .npmrc as well: a dependency that fetches binaries at install would fail on a closed network.
  await run("npm", [
    "ci",
    "--include=dev",
    "--include=optional",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
  ]);
  dropForeignNode();
  writeFileSync(installStamp, lock);
}

/**
 * npm's scripts run on the Node that package.json asks for where its package is installed. It is for Linux with glibc:
 * where it cannot run, the scripts stay with the Node that runs this one.
 */
function dropForeignNode() {
  const node = join(root, "node_modules", ".bin", "node");
  if (existsSync(node) && spawnSync(node, ["--version"]).status !== 0) rmSync(node);
}

async function build() {
  // Before the sources are hashed: what is generated lies among them.
  generateKernels();
  const files = ["package-lock.json", "tsconfig.json", ...sources("src"), ...sources("test")];
  const now = hashOf(files);
  if (read(buildStamp) === now) return;
  console.error("Building ...");
  // A file that is no longer in the sources must not live on in the output.
  rmSync(join(root, "dist"), { recursive: true, force: true });
  await Promise.all([
    run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", root]),
    ...kernels(files),
  ]);
  writeFileSync(buildStamp, now);
}

/**
 * One WebAssembly module per target of every `assembly/asconfig.json`, put beside the JavaScript that loads it.
 * Compiling them takes longest, so modules are kept by the hash of what they are made from.
 */
function kernels(files) {
  return files
    .filter((file) => file.endsWith("/assembly/asconfig.json"))
    .flatMap((config) => {
      const assembly = dirname(config);
      const out = join(root, "dist", dirname(assembly));
      mkdirSync(out, { recursive: true });
      const made = hashOf(["package-lock.json", ...assemblySources(assembly, files)]);
      return Object.keys(JSON.parse(readFileSync(join(root, config), "utf8")).targets).map(async (target) => {
        const kept = join(kernelCache, `${made}-${target}.wasm`);
        if (!existsSync(kept)) {
          const making = `${kept}.${process.pid}`;
          await run(process.execPath, [
            join(root, "node_modules", "assemblyscript", "bin", "asc.js"),
            join(assembly, "exports.ts"),
            ...["--config", config, "--target", target, "--outFile", relative(root, making)],
          ]);
          renameSync(making, kept);
        }
        copyFileSync(kept, join(out, `${target}.wasm`));
      });
    });
}

/** The files of an assembly folder, and those beside it that they import. */
function assemblySources(assembly, files) {
  const own = files.filter((file) => file.startsWith(join(assembly, "/")));
  const outer = own.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/from "(\.\.?\/[^"]+)"/g)]
      .map((match) => `${join(dirname(file), match[1])}.ts`)
      .filter((imported) => !own.includes(imported)),
  );
  return [...own, ...new Set(outer)];
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
    hash.update("\0");
  }
  return hash.digest("hex");
}

/** The files that decide what a build gives, sorted; compiled tests read their fixtures from where they are. */
function sources(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !file.startsWith(join("test", "fixtures")))
    .sort();
}

function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
    child.once("error", (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once("exit", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${relative(root, args[0] ?? "")} of ${command} failed with status ${code}.`)),
    );
  });
}
