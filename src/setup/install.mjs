/**
 * Installs parts of the packages that package-lock.json pins, one beside the other: what is there already stays.
 *
 * npm can leave out development and optional packages, but `npm ci` removes what another call installed, and
 * `npm install` may resolve versions anew. So each call hands npm a smaller project in a folder of its own, with the
 * missing packages' entries of the lock file (and so their checksums), and moves what it installs into node_modules.
 */
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
import { dirname, join } from "node:path";
import { ANY_REGISTRY, lockSubset, outermost } from "./lock-subset.mjs";
import { run } from "./process.mjs";

/** Source maps are more than a quarter of what the packages hold, and nothing here reads them. */
const LEFT_OUT = /\.map$/;

const NPM_CI = ["ci", "--include=dev", "--include=optional", "--ignore-scripts", "--no-audit", "--no-fund"];

/**
 * @param root the project's folder
 * @param wanted the parts that are asked for, each `{name, packages}`
 * @param all every part there is
 * @returns {Promise<boolean>} whether there was anything to install
 */
export async function install(root, wanted, all) {
  const stampFile = join(root, "node_modules", ".residua-installed");
  const text = readFileSync(join(root, "package-lock.json"), "utf8");
  // A part that got another package is not the part that was installed.
  const hash = createHash("sha256")
    .update(text)
    .update(JSON.stringify(all.map(({ name, packages }) => [name, packages])))
    .digest("hex");
  const stamp = readStamp(stampFile);
  const names = stamp.lock === hash ? stamp.parts : [];
  const missing = wanted.filter(({ name }) => !names.includes(name));
  if (missing.length === 0) return false;

  // Whatever another lock file, npm itself, or an install that was interrupted left behind.
  if (names.length === 0) rmSync(join(root, "node_modules"), { recursive: true, force: true });
  console.error(`Installing packages for: ${missing.map(({ name }) => name).join(", ")} ...`);
  const subset = {
    manifest: JSON.parse(readFileSync(join(root, "package.json"), "utf8")),
    lock: JSON.parse(text),
    wanted: missing.flatMap(({ packages }) => packages),
    present: all.filter(({ name }) => names.includes(name)).flatMap(({ packages }) => packages),
  };
  const aside = join(root, "node_modules", `.residua-install-${process.pid}`);
  try {
    await fill(root, aside, subset);
    moveInto(root, aside, lockSubset(subset).places);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  writeFileSync(
    stampFile,
    JSON.stringify({ lock: hash, parts: [...names, ...missing.map(({ name }) => name)] }),
  );
  return true;
}

/** Leaves the packages in `aside`/node_modules. */
async function fill(root, aside, subset) {
  mkdirSync(aside, { recursive: true });
  if (existsSync(join(root, ".npmrc"))) copyFileSync(join(root, ".npmrc"), join(aside, ".npmrc"));
  const npmCi = (hasAddresses, options) => {
    const { manifest, lock } = lockSubset({ ...subset, hasAddresses });
    writeFileSync(join(aside, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(aside, "package-lock.json"), JSON.stringify(lock));
    return npm(aside, [...NPM_CI, ...options]);
  };
  try {
    // npm replaces the host of these addresses by the registry it is set up with, and requests the tarballs alone.
    // Without addresses it requests each package's list of versions too, which takes twice as long.
    await npmCi(true, [`--replace-registry-host=${ANY_REGISTRY}`, "--fetch-retries=0", "--loglevel=silent"]);
  } catch {
    // A registry that names its tarballs otherwise, or trouble that npm can report better by itself.
    await npmCi(false, []);
  }
}

function moveInto(root, aside, places) {
  const [from, to] = [join(aside, "node_modules"), join(root, "node_modules")];
  for (const file of readdirSync(from, { recursive: true })) {
    if (LEFT_OUT.test(file)) rmSync(join(from, file), { recursive: true });
  }
  for (const place of new Set(places.map(outermost))) {
    // A package for another platform is in the lock file alone.
    if (!existsSync(join(aside, place))) continue;
    mkdirSync(dirname(join(root, place)), { recursive: true });
    rmSync(join(root, place), { recursive: true, force: true });
    renameSync(join(aside, place), join(root, place));
  }
  // Commands are links, and on Windows scripts, relative to this folder.
  mkdirSync(join(to, ".bin"), { recursive: true });
  for (const command of existsSync(join(from, ".bin")) ? readdirSync(join(from, ".bin")) : []) {
    rmSync(join(to, ".bin", command), { force: true });
    renameSync(join(from, ".bin", command), join(to, ".bin", command));
  }
}

/** npm's own program where npm started this one: on Windows the command `npm` is a script that needs a shell. */
function npm(folder, args) {
  const program = process.env.npm_execpath;
  if (program?.endsWith("npm-cli.js")) {
    return run(process.env.npm_node_execpath ?? process.execPath, [program, ...args], { cwd: folder });
  }
  return run("npm", args, { cwd: folder, shell: process.platform === "win32" });
}

function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
