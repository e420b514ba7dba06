/**
 * Installs and builds what an npm script needs and what is missing or out of date, and nothing else.
 *
 *     node src/setup.mjs            everything
 *     node src/setup.mjs test       what `npm test` needs
 *     node src/setup.mjs image      what the container images need: all parts that serve
 *
 * Plain JavaScript, since it runs before there is a compiler. What it prints goes to stderr: stdout belongs to the
 * program it prepares.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKernels } from "./engine/wasm/kernels/generate.mjs";
import { install } from "./setup/install.mjs";
import { chooseNode, dropUnusableNode } from "./setup/node.mjs";
import { buildPage } from "./setup/page.mjs";
import { PARTS, partsFor, WITH_TESTS } from "./setup/parts.mjs";
import { run } from "./setup/process.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const kernelCache = join(root, ".cache", "kernels");

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await setUp(process.argv[2], process.env);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

/**
 * @param script the npm script that is going to run; undefined prepares everything for all of them
 * @param args what the script is given
 * @throws Error with a sentence that says what failed
 */
export async function setUp(script, env, args = []) {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new Error(`Residua needs Node 20 or newer; this is ${process.version}.`);
  const parts = partsFor(root, script, env, args);
  const isLater = ({ isCompiled }) => isCompiled === false;
  const isNow = (part) => !isLater(part);
  await install(root, parts.filter(isNow), PARTS);
  const results = await Promise.allSettled([
    install(root, parts.filter(isLater), PARTS),
    build(script === undefined || WITH_TESTS.includes(script)),
  ]);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
  if (results[0].value) dropUnusableNode(root);
}

/** Each folder of the output has a stamp: the hash of the sources it was made from. */
async function build(withTests) {
  // Before the sources are hashed, since what is generated is among them.
  generateKernels();
  const files = ["package-lock.json", "tsconfig.json", ...sources("src")];
  const stale = [["src", hashOf(files)]];
  if (withTests) stale.push(["test", hashOf([...files, ...sources("test")])]);
  const isBuilt = (stamp, now) => existsSync(stamp) && readFileSync(stamp, "utf8") === now;
  const folders = stale.filter(([folder, now]) => !isBuilt(stampOf(folder), now));
  if (folders.length === 0) return;
  console.error("Building ...");
  // A file that is no longer in the sources must not live on in the output.
  for (const [folder] of folders) rmSync(join(root, "dist", folder), { recursive: true, force: true });
  const config = withTests ? "tsconfig.json" : "tsconfig.src.json";
  const compile = (args) => runHere([join(root, "node_modules", "typescript", "bin", "tsc"), ...args]);
  await Promise.all([
    compile(["-p", join(root, config)]),
    ...(folders.some(([folder]) => folder === "src") ? [buildPage(root, compile), ...kernels(files)] : []),
  ]);
  for (const [folder, now] of folders) writeFileSync(stampOf(folder), now);
}

function stampOf(folder) {
  return join(root, "dist", folder, ".residua-built");
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
          await runHere([
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

/** Runs a JavaScript program in the project's folder, on the Node that the service runs on too. */
function runHere(args) {
  return run(chooseNode(root, process.env).path, args, { cwd: root });
}
