/**
 * `npm run tensorflow -- [cpu|cuda] [--wheels DIR] [--system-cuda] [--fetch]`: builds the addon of
 * @tensorflow/tfjs-node-gpu on this machine.
 *
 * The package's own install script would fetch a prebuilt addon for TensorFlow 2.9 and CUDA 11.2. Its sources also
 * compile against the libraries in the wheel of a current TensorFlow. The steps: fetch the wheels, unpack them, compile,
 * write what it was built from, run one graph.
 *
 * Exit status: 0 built, 1 failed, 69 this machine lacks something that the build needs.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.js";
import type { AddonPaths, AddonStamp, Flavour } from "./addon.js";
import { addonEnvironment, addonPaths, builtAddon, FLAVOURS } from "./addon.js";
import { cacheFolder, findWheels, UnavailableError, unpackWheels, wheelVersion } from "./wheel.js";

/** EX_UNAVAILABLE of sysexits.h. */
const UNAVAILABLE = 69;
const USAGE = "npm run tensorflow -- [cpu|cuda] [--wheels DIR] [--system-cuda] [--fetch]";

try {
  build(readArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UnavailableError ? UNAVAILABLE : 1;
}

interface BuildOptions {
  readonly flavour: Flavour;
  /** A folder with the wheels, which are then not fetched. */
  readonly wheels: string | undefined;
  /** The CUDA 12 libraries are installed on the system, as in NVIDIA's images, and are not fetched. */
  readonly systemCuda: boolean;
  /** Fetches the wheels, prints their folder on stdout, and builds nothing. */
  readonly fetchOnly: boolean;
}

function readArguments(parameters: readonly string[]): BuildOptions {
  let flavour: Flavour | undefined;
  let wheels: string | undefined;
  let systemCuda = false;
  let fetchOnly = false;
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i]!;
    const named = FLAVOURS.find((name) => name === parameter);
    if (named !== undefined) flavour = named;
    else if (parameter === "--wheels" && parameters[i + 1] !== undefined) wheels = parameters[++i];
    else if (parameter === "--system-cuda") systemCuda = true;
    else if (parameter === "--fetch") fetchOnly = true;
    else throw new InputError(`"${parameter}" is not an option of this command; usage: ${USAGE}`);
  }
  flavour ??= existsSync("/proc/driver/nvidia/version") ? "cuda" : "cpu";
  return { flavour, wheels, systemCuda, fetchOnly };
}

function build({ flavour, wheels: from, systemCuda, fetchOnly }: BuildOptions): void {
  if (fetchOnly) {
    const [wheel = ""] = findWheels({ flavour, systemCuda, from, cache: cacheFolder(process.env), log });
    console.log(dirname(wheel));
    return;
  }
  const paths = addonPaths();
  if (paths === undefined) {
    throw new InputError("@tensorflow/tfjs-node-gpu is not installed; run npm ci --include=optional.");
  }
  const there = builtAddon(paths);
  if (there?.flavour === flavour && there.architecture === process.arch) {
    report(paths, there, "was already built");
    return;
  }
  requireCommand("python3", "the TensorFlow wheel is fetched and unpacked with it");
  const compiler = process.env["CXX"] || "c++";
  requireCommand(compiler, "the addon is compiled with it");
  const headers = nodeHeaders();
  const wheels = findWheels({ flavour, systemCuda, from, cache: cacheFolder(process.env), log });
  log(`Unpacking ${wheels.length === 1 ? "the wheel" : `${wheels.length} wheels`} into ${paths.deps} ...`);
  for (const folder of [paths.deps, join(paths.package, "lib")])
    rmSync(folder, { recursive: true, force: true });
  unpackWheels(wheels, paths);
  log("Compiling the addon ...");
  compile(paths, compiler, headers);
  const stamp: AddonStamp = {
    flavour,
    tensorflow: wheelVersion(wheels[0]!),
    architecture: process.arch,
  };
  writeFileSync(paths.stamp, `${JSON.stringify(stamp)}\n`);
  try {
    report(paths, stamp, "is built");
  } catch (error) {
    // Without this file, the next start does not take the addon for a complete one.
    rmSync(paths.stamp);
    throw error;
  }
}

/**
 * Compiles the two source files that the package's binding.gyp names, with one call of the compiler. node-gyp would
 * need npm, make and, where Node's headers are not installed, a network.
 */
function compile(paths: AddonPaths, compiler: string, headers: string): void {
  const require = createRequire(join(paths.package, "package.json"));
  const nodePreGyp = require("@mapbox/node-pre-gyp") as { find(packageJson: string): string };
  const binding = nodePreGyp.find(join(paths.package, "package.json"));
  mkdirSync(dirname(binding), { recursive: true });
  const run = spawnSync(
    compiler,
    [
      ...["-std=c++17", "-O2", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8", "-DBUILDING_NODE_EXTENSION"],
      ...["-I", join(headers, "include", "node"), "-I", join(paths.deps, "include")],
      ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(paths.package, "binding", file)),
      ...["-L", paths.libraries, "-ltensorflow", "-ltensorflow_framework"],
      "-Wl,-rpath,$ORIGIN/../../deps/lib",
      ...["-o", binding],
    ],
    { encoding: "utf8" },
  );
  if (run.status === 0) return;
  console.error(`${run.stdout}${run.stderr}`.split("\n").slice(-40).join("\n"));
  throw new InputError("The addon does not compile; the errors of the compiler are above.");
}

/** The folder that holds include/node: beside Node's binary, or where a distribution's package puts it. */
function nodeHeaders(): string {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const named = process.env["npm_config_nodedir"];
  const folders = named === undefined ? [prefix, "/usr", "/usr/local"] : [named];
  const found = folders.find((folder) => existsSync(join(folder, "include/node/node_api.h")));
  if (found !== undefined) return found;
  throw new UnavailableError(
    "Node's headers (include/node/node_api.h) are not installed; install them, or set npm_config_nodedir to the folder that holds include/node.",
  );
}

/** Runs one graph in a process of its own, as the engine does, and reports the result. */
function report(paths: AddonPaths, stamp: AddonStamp, state: string): void {
  const check = fileURLToPath(new URL("./addon-check.js", import.meta.url));
  const run = spawnSync(process.execPath, [check], {
    encoding: "utf8",
    env: addonEnvironment(paths, stamp.flavour, process.env),
  });
  if (run.status !== 0) {
    console.error(run.stderr.split("\n").slice(-20).join("\n"));
    throw new InputError(`The addon in ${paths.package} does not run; its last lines are above.`);
  }
  log(`The addon ${state}: TensorFlow ${stamp.tensorflow} (${stamp.flavour}) in ${paths.package}.`);
  log(run.stdout.trim());
}

function requireCommand(command: string, why: string): void {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
  } catch {
    throw new UnavailableError(
      `${command} is not installed: ${why}; on Debian, apt-get install g++ python3 python3-pip.`,
    );
  }
}

function log(line: string): void {
  console.error(line);
}
