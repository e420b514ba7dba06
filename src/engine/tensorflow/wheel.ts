/**
 * TensorFlow's wheels: fetched with pip into a cache, or taken from a folder, and unpacked into the deps/ folder of
 * @tensorflow/tfjs-node-gpu. Only the libraries and headers in them are used, so their Python version does not matter.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../errors.js";
import type { AddonPaths, Flavour } from "./addon.js";

/** This machine lacks something that the build needs and cannot get: a compiler, Python, a wheel. */
export class UnavailableError extends InputError {}

/** The version of TensorFlow that is fetched. */
export const TENSORFLOW_VERSION = "2.21.0";

const XLA_TOOLS = "nvidia-cuda-nvcc";
const PLATFORMS: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/** Where wheels are kept between builds, for all checkouts: RESIDUA_CACHE, else the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return (
    environment["RESIDUA_CACHE"] ||
    join(environment["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "residua")
  );
}

/** Which wheels to find, and where. */
export interface WheelSource {
  readonly flavour: Flavour;
  /** Of CUDA, takes ptxas and libdevice alone, which NVIDIA's images lack. */
  readonly systemCuda: boolean;
  /** A folder with the wheels, which are then not fetched. */
  readonly from: string | undefined;
  /** The folder that fetched wheels are kept in. */
  readonly cache: string;
  readonly log: (line: string) => void;
}

/**
 * Finds the wheels of a flavour, and fetches those that are missing.
 * @returns the paths of their files, TensorFlow's own first.
 * @throws UnavailableError where this platform has none, or one cannot be found or fetched.
 */
export function findWheels({ flavour, systemCuda, from, cache, log }: WheelSource): string[] {
  const platform = PLATFORMS[process.arch];
  if (process.platform !== "linux" || platform === undefined) {
    throw new UnavailableError(
      `TensorFlow's libraries are taken from Linux wheels for x64 and arm64; this is ${process.platform} on ${process.arch}.`,
    );
  }
  // On arm64 the package `tensorflow` has no CUDA in it, and `tensorflow-cpu` is not published.
  const name = flavour === "cpu" && process.arch === "x64" ? "tensorflow-cpu" : "tensorflow";
  const folder = from ?? join(cache, `${name}-${TENSORFLOW_VERSION}`);
  const prefix = `${name.replace("-", "_")}-`;
  const libraries = (): string[] =>
    existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".whl")) : [];
  if (!libraries().some((file) => file.startsWith(prefix))) {
    if (from !== undefined) {
      throw new UnavailableError(
        `${from} has no wheel of ${name}; put ${prefix}${TENSORFLOW_VERSION}-*.whl there.`,
      );
    }
    download([`${name}==${TENSORFLOW_VERSION}`], folder, platform, log);
  }
  const own = libraries().find((file) => file.startsWith(prefix));
  if (own === undefined) throw new InputError(`pip left no wheel of ${name} in ${folder}.`);
  if (flavour === "cuda") {
    const needed = python(REQUIREMENTS, [join(folder, own)])
      .trim()
      .split("\n")
      .filter((requirement) => requirement !== "" && (!systemCuda || requirement.startsWith(XLA_TOOLS)));
    const missing = needed.filter((requirement) => {
      const project = requirement.replace(/[<>=!~; ].*$/, "").replaceAll("-", "_");
      return !libraries().some((file) => file.startsWith(`${project}-`));
    });
    if (missing.length > 0 && from === undefined) download(missing, folder, platform, log);
    // The CUDA libraries may be installed on the system. If one is missing, the engine says so when it starts.
    else if (missing.length > 0)
      log(`${from} has no wheel of ${missing.join(", ")}; the build continues without.`);
  }
  const rest = libraries().filter(
    (file) => flavour === "cuda" && file.startsWith(systemCuda ? XLA_TOOLS.replaceAll("-", "_") : "nvidia_"),
  );
  return [own, ...rest].map((file) => join(folder, file));
}

/**
 * Unpacks what the addon needs: all libraries into deps/lib, TensorFlow's headers, and XLA's tools for a GPU.
 * @throws InputError where the wheel has no TensorFlow libraries.
 */
export function unpackWheels(wheels: readonly string[], paths: AddonPaths): void {
  mkdirSync(paths.deps, { recursive: true });
  python(UNPACK, [paths.deps, ...wheels]);
  for (const [link, target] of [
    ["libtensorflow.so", "libtensorflow_cc.so.2"],
    ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
  ] as const) {
    if (!existsSync(join(paths.libraries, target))) {
      throw new InputError(`The wheel ${wheels[0]} has no ${target}; TensorFlow 2.16 or later is needed.`);
    }
    symlinkSync(target, join(paths.libraries, link));
  }
}

/** The version in the file name of a wheel, name-version-tags.whl; `unknown` where there is none. */
export function wheelVersion(wheel: string): string {
  return /\/[^/]*?-([^-/]+)-[^/]*\.whl$/.exec(wheel)?.[1] ?? "unknown";
}

function download(
  requirements: readonly string[],
  folder: string,
  platform: string,
  log: (line: string) => void,
): void {
  log(`Fetching ${requirements.join(", ")} into ${folder} ...`);
  const partial = `${folder}.partial`;
  mkdirSync(partial, { recursive: true });
  const platforms = ["manylinux_2_27", "manylinux_2_17", "manylinux2014"].flatMap((tag) => [
    "--platform",
    `${tag}_${platform}`,
  ]);
  // The wheels for one Python version, whichever is installed: their libraries are the same for all.
  const tags = [
    "--only-binary=:all:",
    "--implementation=cp",
    "--python-version=3.11",
    "--abi=cp311",
    "--abi=none",
  ];
  try {
    execFileSync(
      "python3",
      ["-m", "pip", "download", "-q", "--no-deps", ...tags, ...platforms, "-d", partial, ...requirements],
      { stdio: ["ignore", 2, 2] },
    );
  } catch (error) {
    throw new UnavailableError(
      `"python3 -m pip" could not fetch ${requirements.join(", ")}; install pip, or put the wheels into a folder and name it with --wheels.`,
      { cause: error },
    );
  }
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(partial)) renameSync(join(partial, file), join(folder, file));
  rmSync(partial, { recursive: true, force: true });
}

/** Prints the NVIDIA packages that `tensorflow[and-cuda]` requires, one per line, from the metadata of a wheel. */
const REQUIREMENTS = `
import email, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
for line in email.message_from_bytes(wheel.read(name)).get_all("Requires-Dist"):
    if line.startswith("nvidia-") and "and-cuda" in line:
        print(line.split(";")[0].strip())
`;

/** Unpacks the wheels argv[2:] into the folder argv[1]. A wheel holds no symbolic links, so the files are copied. */
const UNPACK = `
import os, shutil, sys, zipfile
deps = sys.argv[1]
def place(name):
    base = os.path.basename(name)
    if name.startswith("tensorflow/include/"):
        return name[len("tensorflow/"):]
    if name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
        return "lib/" + base
    if name.startswith("nvidia/cuda_nvcc/"):
        return "cuda/" + name[len("nvidia/cuda_nvcc/"):]
    if name.startswith("nvidia/") and ".so" in base:
        return "lib/" + base
for wheel in sys.argv[2:]:
    with zipfile.ZipFile(wheel) as z:
        for info in z.infolist():
            target = None if info.is_dir() else place(info.filename)
            if target:
                path = os.path.join(deps, target)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with z.open(info) as source, open(path, "wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                os.chmod(path, 0o755 if "/bin/" in target or target.startswith("lib/") else 0o644)
`;

function python(script: string, parameters: readonly string[]): string {
  return execFileSync("python3", ["-c", script, ...parameters], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", 2],
  });
}
