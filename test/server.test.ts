/** The service as a process: how it starts, refuses to start, and ends. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { addVersions, temporaryFolder } from "./registry/publications.js";

const SERVER = new URL("../src/server.js", import.meta.url).pathname;

function spawnServer(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env["PATH"], PORT: "0", RESIDUA_THREADS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** Starts it over a folder with one model and waits until it is ready. */
async function startServer(t: TestContext, env: Record<string, string> = {}) {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "small", [1]);
  const child = spawnServer(t, { RESIDUA_MODELS: folder, ...env });
  const lines = createInterface({ input: child.stdout! });
  let url: string | undefined;
  const ready = new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      url ??= /^listening on (\S+)$/.exec(String(entry["msg"]))?.[1];
      if (entry["msg"] === "the version is live") resolve();
    });
  });
  await ready;
  return { child, url: url! };
}

const WINDOW = [
  [20, 1e5],
  [21, 1e5],
  [22, 1e5],
  [23, 1e5],
];
const scoreInit = (windows: number): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ windows: Array(windows).fill(WINDOW) }),
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`on ${signal} all that is in flight is answered, and the status is 0`, async (t) => {
    const { child, url } = await startServer(t);
    const exit = once(child, "exit");
    const score = `${url}/v1/models/small/score`;
    const answers = Array.from({ length: 6 }, () => fetch(score, scoreInit(400)));
    // The first answer is proof that the others were at least sent.
    await Promise.race(answers);
    child.kill(signal);
    // A terminal and npm pass the same signal on.
    child.kill(signal);
    for (const answer of answers) {
      const response = await answer;
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as { windows: unknown[] }).windows.length, 400);
    }
    assert.deepEqual(await exit, [0, null]);
  });
}

test("as a lame duck it is not ready but serves, and ends connections", async (t) => {
  const { child, url } = await startServer(t, { RESIDUA_LAME_DUCK_SECONDS: "30" });
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  let ready: Response;
  do {
    ready = await fetch(`${url}/readyz`);
    if (ready.status === 200) await ready.arrayBuffer();
  } while (ready.status === 200);
  assert.equal(ready.status, 503);
  assert.equal(((await ready.json()) as { code: string }).code, "SHUTTING_DOWN");
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  const response = await fetch(`${url}/v1/models/small/score`, scoreInit(1));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("connection"), "close");
  await response.arrayBuffer();
  child.kill("SIGKILL");
  await exit;
});

test("a wrong setting ends it with one sentence and status 1", async (t) => {
  for (const [env, sentence] of [
    [{ PORT: "x" }, 'PORT has to be a whole number from 0 to 65535, not "x".\n'],
    [{ HOST: "203.0.113.1" }, /^HOST is no address of this machine: .*\.\n$/],
  ] as const) {
    const child = spawnServer(t, env);
    const exit = once(child, "exit");
    const stderr = await readText(child.stderr!);
    assert.deepEqual(await exit, [1, null]);
    if (typeof sentence === "string") assert.equal(stderr, sentence);
    else assert.match(stderr, sentence);
  }
});

test("a port in use ends it with one sentence and status 1", async (t) => {
  const { url } = await startServer(t);
  const child = spawnServer(t, { PORT: new URL(url).port });
  const exit = once(child, "exit");
  assert.match(await readText(child.stderr!), /^PORT is in use by another program: .*\.\n$/);
  assert.deepEqual(await exit, [1, null]);
});
