/**
 * Python with the packages of a file of requirements, in a virtual environment that all tests share and that later runs
 * find again. Where there is no Python, or its packages cannot be had, the tests that need them are skipped.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { repository } from "../server-process.js";

const ASK_EVERY_MS = 200;
/** For so long, a failed installation is not tried again: the other tests of a run do without, too. */
const FAILURE_HOLDS_MS = 10 * 60_000;

/** A Python, or a sentence that says why there is none. */
export type FoundPython = { readonly python: string } | { readonly skip: string };

/**
 * A Python that has the packages, made at the first call. `RESIDUA_TEST_PYTHON` names one that has them already.
 *
 * @param file the requirements, in this folder.
 */
export async function pythonWith(file = "requirements.txt"): Promise<FoundPython> {
  const given = process.env["RESIDUA_TEST_PYTHON"];
  if (given !== undefined) return { python: given };
  if (spawnSync("python3", ["-c", "import venv, ensurepip"]).status !== 0) {
    return { skip: "there is no python3 with venv" };
  }
  const requirements = join(repository, "test", "clients", file);
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const folder = join(repository, ".cache", `python-${hash}`);
  const failure = await prepare(folder, requirements);
  return failure === undefined ? { python: pythonOf(folder) } : { skip: failure };
}

function pythonOf(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** Makes the environment, or waits until another test has made it. Why it cannot be made; undefined where it is there. */
async function prepare(folder: string, requirements: string): Promise<string | undefined> {
  const [lock, failed] = [`${folder}.lock`, `${folder}.failed`];
  mkdirSync(join(folder, ".."), { recursive: true });
  for (;;) {
    if (existsSync(join(folder, "done"))) return undefined;
    const failedAt = statSync(failed, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - failedAt < FAILURE_HOLDS_MS) return readFileSync(failed, "utf8");
    if (!isMine(lock)) {
      await delay(ASK_EVERY_MS);
      continue;
    }
    try {
      const error = existsSync(join(folder, "done")) ? undefined : await make(folder, requirements);
      if (error === undefined) writeFileSync(join(folder, "done"), "");
      else writeFileSync(failed, `packages for Python cannot be installed: ${error}`);
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

/** Whether this process is now the one that makes the environment. A lock of a process that has died is removed. */
function isMine(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(lock, "utf8")) || process.pid, 0);
    } catch {
      rmSync(lock, { force: true });
    }
    return false;
  }
}

/** What pip printed where it failed. */
async function make(folder: string, requirements: string): Promise<string | undefined> {
  rmSync(folder, { recursive: true, force: true });
  const venv = await runProgram("python3", ["-m", "venv", folder]);
  if (venv.status !== 0) return venv.err.trim().slice(-300);
  const options = ["--quiet", "--disable-pip-version-check", "--retries", "2", "-r", requirements];
  const pip = await runProgram(pythonOf(folder), ["-m", "pip", "install", ...options]);
  return pip.status === 0 ? undefined : pip.err.trim().slice(-300);
}

/** Runs a program to its end. @param cwd the folder that it writes its own files to. */
export async function runProgram(
  program: string,
  args: readonly string[],
  cwd = process.cwd(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("exit", resolve),
  );
  const [status, out, err] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { status, out, err };
}
