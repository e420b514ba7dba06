/** The service as a process: how it starts, refuses to start, and ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { addVersions, temporaryFolder } from "./registry/publications.js";
import { repository, type ServerProcess, spawnServer, startServer } from "./server-process.js";

/** The environment of a server over a folder with one model. */
async function overSmall(t: TestContext): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "small", [1]);
  return { RESIDUA_MODELS: folder, RESIDUA_THREADS: "1" };
}

/** Such a server, once it is ready. */
async function startSmall(t: TestContext, env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer({ ...(await overSmall(t)), ...env });
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  return server;
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
    const { child, url } = await startSmall(t);
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

test("a signal that comes while it still starts ends it in order", async (t) => {
  const server = spawnServer({ ...(await overSmall(t)), PORT: "0" });
  t.after(() => server.kill("SIGKILL"));
  const exit = once(server, "exit");
  // It says where it listens before its models are loaded.
  for await (const line of createInterface({ input: server.stdout })) {
    if (/listening on/.test(line)) server.kill("SIGTERM");
  }
  assert.deepEqual(await exit, [0, null]);
});

test("as a lame duck it is not ready but serves, and ends connections", async (t) => {
  const { child, url } = await startSmall(t, { RESIDUA_LAME_DUCK_SECONDS: "30" });
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

/** A server that is to end by itself: its exit status and signal, and what it had to say. */
async function ended(t: TestContext, env: Record<string, string>) {
  const child = spawnServer({ RESIDUA_THREADS: "1", ...env });
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "exit");
  const stderr = await readText(child.stderr);
  return { status: await exit, stderr };
}

test("a wrong setting ends it with one sentence and status 1", async (t) => {
  for (const [env, sentence] of [
    [{ PORT: "x" }, 'PORT has to be a whole number from 0 to 65535, not "x".\n'],
    [{ HOST: "203.0.113.1", PORT: "0" }, /^HOST is not an address of this machine: .*\.\n$/],
  ] as const) {
    const { status, stderr } = await ended(t, env);
    assert.deepEqual(status, [1, null]);
    if (typeof sentence === "string") assert.equal(stderr, sentence);
    else assert.match(stderr, sentence);
  }
});

test("it logs where it listens and what is live; a port in use ends another with status 1", async (t) => {
  const server = spawnServer({ ...(await overSmall(t)), PORT: "0" });
  t.after(() => server.kill("SIGKILL"));
  let url: string | undefined;
  for await (const line of createInterface({ input: server.stdout })) {
    const { msg } = JSON.parse(line) as { msg: string };
    url ??= /^listening on (\S+)$/.exec(msg)?.[1];
    if (msg === "the version is live") break;
  }
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  const { status, stderr } = await ended(t, { PORT: new URL(url!).port });
  assert.match(stderr, /^PORT is in use by another program: .*\.\n$/);
  assert.deepEqual(status, [1, null]);
});

const script = ["/usr/bin/script", "/bin/script"].find((file) => existsSync(file));

test("on a terminal it says three lines and no line of log; in a pipe, lines of JSON alone", {
  skip: script === undefined && "there is no program to make a terminal with",
}, async (t) => {
  const { LOG_LEVEL: _level, ...outer } = process.env;
  const server = [process.execPath, join(repository, "dist", "src", "server.js")];
  const terminal = spawn(script!, ["-qfec", server.join(" "), "/dev/null"], {
    env: { ...outer, ...(await overSmall(t)), PORT: "0", RESIDUA_ENGINE: "wasm" },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  t.after(() => process.kill(-terminal.pid!, "SIGKILL"));
  const lines: string[] = [];
  for await (const line of createInterface(terminal.stdout)) if (lines.push(line) === 3) break;
  assert.match(lines[0]!, /^Residua serves on http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(lines[1], "Models: small 1");
  const [, url = ""] = /^Look: (\S+) in a browser/.exec(lines[2]!) ?? [];
  assert.equal((await fetch(url, { headers: { accept: "text/html" } })).status, 200);

  const piped = await startSmall(t);
  for (const line of piped.log().trim().split("\n")) assert.ok(JSON.parse(line).msg.length > 0, line);
});
