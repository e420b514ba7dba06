/** The launcher of the npm scripts, as a process: signals and exit status go through it. */
import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { repository } from "../server-process.js";

const isPosix = process.platform !== "win32";
const posixOnly = isPosix ? false : "Windows has no signals";

/** A script that becomes the program given as source text, by replacing itself or with it as a child. */
function becoming(t: TestContext, source: string, args: readonly string[], canReplace: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "residua-launcher-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "program.mjs");
  writeFileSync(program, source);
  const module = JSON.stringify(pathToFileURL(join(repository, "src", "setup", "process.mjs")).href);
  const call = `become(process.execPath, ${JSON.stringify(program)}, ${JSON.stringify(args)}, { canReplace: ${canReplace} });`;
  const script = join(folder, "script.mjs");
  writeFileSync(script, `import { become } from ${module}; ${call}`);
  return script;
}

function start(t: TestContext, args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, {
    cwd: repository,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>) {
  const exit = once(child, "exit");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status, signal] = (await exit) as [number | null, NodeJS.Signals | null];
  return { out, err, status, signal };
}

for (const canReplace of isPosix && "execve" in process ? [true, false] : [false]) {
  const how = canReplace ? "in its own place" : "as a child";

  test(`${how}, a program gets its arguments and passes its exit status and output on`, async (t) => {
    const source = "console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;";
    const args = ["--json", "a b", "$HOME", '"quoted"', ""];
    const { out, err, status } = await ended(start(t, [becoming(t, source, args, canReplace)], {}));
    assert.deepEqual(JSON.parse(out), args);
    assert.equal(err, "");
    assert.equal(status, 7);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${how}, a program gets ${signal} and ends as it likes`, { skip: posixOnly }, async (t) => {
      const source =
        `setInterval(() => {}, 1e6); process.on("${signal}", () => { console.log("got it"); process.exit(3); });` +
        `console.log("ready");`;
      const child = start(t, [becoming(t, source, [], canReplace)], {});
      child.stdout.once("data", () => child.kill(signal));
      const { out, status } = await ended(child);
      assert.equal(out, "ready\ngot it\n");
      assert.equal(status, 3);
    });
  }

  test(`${how}, a program ends when the shell that npm ran it in is killed`, {
    skip: posixOnly,
  }, async (t) => {
    const source =
      'setInterval(() => {}, 1e6); process.on("SIGTERM", () => { console.log("ending"); process.exit(0); });' +
      'console.log("ready");';
    const script = becoming(t, source, [], canReplace);
    // The shell has something left to do afterwards, so that it is not replaced by its command.
    const shell = spawn("sh", ["-c", `"${process.execPath}" "${script}"; true`], {
      env: { ...process.env, npm_lifecycle_event: "start" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    shell.stdout.once("data", () => shell.kill("SIGTERM"));
    // Its output ends when the last process that writes to it ends.
    assert.equal(await text(shell.stdout), "ready\nending\n");
  });

  test(`${how}, a program that dies by a signal is seen to die by it`, { skip: posixOnly }, async (t) => {
    const script = becoming(t, 'process.kill(process.pid, "SIGKILL");', [], canReplace);
    const child = start(t, [script], {});
    const { status, signal } = await ended(child);
    assert.deepEqual([status, signal], [null, "SIGKILL"]);
  });
}

const launcher = join(repository, "src", "run.mjs");

test("a wrong RESIDUA_NODE ends a script with one sentence that names it", async (t) => {
  const { err, out, status } = await ended(start(t, [launcher, "residua"], { RESIDUA_NODE: "mine" }));
  assert.equal(err, 'RESIDUA_NODE has to be one of bundled, system, not "mine".\n');
  assert.deepEqual([out, status], ["", 1]);
});

test("a script that is none names those that are", async (t) => {
  const { err, status } = await ended(start(t, [launcher, "toString"], {}));
  assert.match(err, /^Usage: .*start.*bench/);
  assert.equal(status, 2);
});

test("start says which Node runs the service and how to have one's own, and ends on a signal", {
  skip: posixOnly,
}, async (t) => {
  const child = start(t, [launcher, "start"], {
    PORT: "0",
    LOG_LEVEL: "info",
    RESIDUA_THREADS: "1",
    RESIDUA_NODE: "system",
    npm_node_execpath: process.execPath,
  });
  const exit = once(child, "exit");
  const err = text(child.stderr);
  // By the time that a model serves, the service has its handlers of signals.
  for await (const line of createInterface({ input: child.stdout })) {
    if ((JSON.parse(line) as { msg: string }).msg === "the version is live") break;
  }
  child.kill("SIGTERM");
  assert.deepEqual(await exit, [0, null]);
  assert.match(await err, /^Your own Node v\d+\.\d+\.\d+ runs the service, since RESIDUA_NODE=system\.$/m);
});
