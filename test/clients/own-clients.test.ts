/** The clients that are part of this project, and the lines that readers paste, against a server with an admin token. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { OPENAPI_FILE } from "../http/openapi-file.js";
import { modelsFolder, serve, TOKEN } from "../jobs/job-service.js";
import { repository } from "../server-process.js";
import { INSTALL_MS, installed } from "./packages.js";
import { pythonWith, runProgram } from "./python.js";
import { startUnreliableProxy, type UnreliableProxy } from "./unreliable-proxy.js";

const run = promisify(execFile);
const PACKAGE = join(repository, "clients", "typescript");

/** A server behind a proxy that refuses some requests, and loses the answer to the first order of a training. */
async function serveBadly(t: TestContext): Promise<UnreliableProxy> {
  const { server } = await serve(t, await modelsFolder(t));
  return startUnreliableProxy(t, server.url, {
    "POST .*/versions$": ["later", "lost"],
    "GET /v1/jobs/": ["full", "lost"],
    "POST .*/score$": ["full", "later", "lost"],
  });
}

/** The TypeScript client, built as its README says, in a copy of its folder; undefined where that cannot be. */
async function buildClient(t: TestContext): Promise<string | undefined> {
  const manifest = readFileSync(join(PACKAGE, "package.json"));
  const hash = createHash("sha256").update(manifest).digest("hex").slice(0, 16);
  const root = await installed(t, `client-${hash}`, (folder) => {
    const cwd = join(folder, "clients", "typescript");
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, "package.json"), manifest);
    const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    return run("npm", install, { cwd, timeout: INSTALL_MS });
  });
  if (root === undefined) return undefined;
  const folder = join(root, "clients", "typescript");
  cpSync(OPENAPI_FILE, join(root, "openapi.json"));
  for (const name of ["tsconfig.json", "src"])
    cpSync(join(PACKAGE, name), join(folder, name), { recursive: true });
  await compile(["run", "-s", "build"], folder);
  return folder;
}

/** Runs npm; what it printed where it fails. */
async function compile(args: readonly string[], cwd: string): Promise<void> {
  const { status, out, err } = await runProgram("npm", args, cwd);
  assert.equal(status, 0, out + err);
}

test("the TypeScript client trains, waits, scores and streams; the lines of its README do", async (t) => {
  const folder = await buildClient(t);
  if (folder === undefined) return;
  const proxy = await serveBadly(t);
  const script = join(repository, "test", "clients", "typescript_client.mjs");
  const checked = await runProgram("node", [script, join(folder, "dist", "index.js"), proxy.url, TOKEN]);
  assert.equal(checked.status, 0, checked.err);
  const { answered, ...troubles } = proxy.made;
  assert.deepEqual(troubles, { later: 2, full: 2, lost: 3 });
  assert.ok(answered > 10);

  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  const [block, ...more] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);
  assert.ok(block !== undefined && more.length === 0);
  const lines = block.replace("http://127.0.0.1:3000", proxy.url).replace('"secret"', JSON.stringify(TOKEN));
  writeFileSync(join(folder, "readme.mts"), lines);
  const settings = ["--strict", "--module", "nodenext", "--target", "es2022", "--noUncheckedIndexedAccess"];
  await compile(["exec", "--", "tsc", ...settings, "--skipLibCheck", "readme.mts"], folder);
  const { status, out, err } = await runProgram("node", [join(folder, "readme.mjs")], repository);
  assert.equal(status, 0, err);
  assertDemonstration(out);
});

test("the Python example trains, waits, scores and streams", async (t) => {
  const found = await pythonWith();
  if ("skip" in found) {
    t.skip(found.skip);
    return;
  }
  const proxy = await serveBadly(t);
  const script = join(repository, "test", "clients", "python_client.py");
  const checked = await runProgram(found.python, [script, proxy.url, TOKEN]);
  assert.equal(checked.status, 0, checked.err);
  const { answered, ...troubles } = proxy.made;
  assert.deepEqual(troubles, { later: 2, full: 2, lost: 3 });
  assert.ok(answered > 10);

  const example = join(repository, "examples", "python", "train_and_score.py");
  const { status, out, err } = await runProgram(found.python, [example, proxy.url, TOKEN]);
  assert.equal(status, 0, err);
  assertDemonstration(out);
});

/** Both demonstrations print the same things: the version, the failure of the machine, the stream, and a refusal. */
function assertDemonstration(out: string): void {
  assert.match(out, /^version 1, of 2000 rows$/m);
  assert.match(out, /^rows \d+ to \d+: /m);
  assert.match(out, /^800 timesteps$/m);
  assert.match(out, /^SHAPE_MISMATCH:? /m);
}
