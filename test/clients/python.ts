/**
 * Python with the clients of `requirements.txt`, in a virtual environment that all tests share and that later runs find
 * again. Where there is no Python, or its packages cannot be had, the tests that need them are skipped.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { repository } from "../server-process.js";

const REQUIREMENTS = join(repository, "test", "clients", "requirements.txt");
const ASK_EVERY_MS = 200;
/** Whoever makes the environment for longer than this has died. */
const MAKING_MS = 10 * 60_000;

/**
 * The path of a Python that has the clients, made at the first call; a sentence that says why there is none.
 * `RESIDUA_TEST_PYTHON` names one that has them already.
 */
export async function pythonWithClients(): Promise<{ python: string } | { skip: string }> {
  const given = process.env["RESIDUA_TEST_PYTHON"];
  if (given !== undefined) return { python: given };
  if (spawnSync("python3", ["-c", "import venv, ensurepip"]).status !== 0) {
    return { skip: "there is no python3 with venv" };
  }
  const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const folder = join(repository, "node_modules", ".cache", "residua", `python-${hash}`);
  await once(folder);
  const why = join(folder, "failed.txt");
  if (existsSync(why)) return { skip: readFileSync(why, "utf8") };
  return { python: join(folder, "bin", "python") };
}

/** Makes the environment, or waits until another test has made it. */
async function once(folder: string): Promise<void> {
  const lock = `${folder}.lock`;
  mkdirSync(join(folder, ".."), { recursive: true });
  while (!existsSync(join(folder, "done"))) {
    if (isMine(lock)) {
      try {
        await make(folder);
      } finally {
        rmSync(lock, { recursive: true });
      }
    } else await delay(ASK_EVERY_MS);
  }
}

/** Whether this process is now the one that makes the environment. */
function isMine(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > MAKING_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

async function make(folder: string): Promise<void> {
  if (existsSync(join(folder, "done"))) return;
  rmSync(folder, { recursive: true, force: true });
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
  const made = await runProgram("python3", ["-m", "venv", folder]);
  const { status, err } = made.status === 0 ? await runProgram(join(folder, "bin", "python"), install) : made;
  mkdirSync(folder, { recursive: true });
  if (status !== 0) {
    writeFileSync(join(folder, "failed.txt"), `its packages cannot be installed: ${err.trim().slice(-300)}`);
  }
  writeFileSync(join(folder, "done"), "");
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("exit", resolve),
  );
  const [status, out, err] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { status, out, err };
}
