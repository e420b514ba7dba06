/** The end always comes, by the time to drain and five seconds, whatever others hold on to. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { addVersions, temporaryFolder } from "../registry/publications.js";
import { freePort, repository, type ServerProcess, spawnServer, startServer } from "../server-process.js";

const DRAIN_SECONDS = 1;
/** The promise is drain + 5 s. */
const BOUND_MS = (DRAIN_SECONDS + 5) * 1000;

async function settings(t: TestContext): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t);
  await addVersions(folder, "small", [1]);
  return {
    RESIDUA_MODELS: folder,
    RESIDUA_THREADS: "1",
    RESIDUA_POLL_SECONDS: "0.1",
    RESIDUA_DRAIN_SECONDS: String(DRAIN_SECONDS),
  };
}

async function startSmall(t: TestContext): Promise<ServerProcess> {
  const server = await startServer(await settings(t));
  t.after(() => server.child.kill("SIGKILL"));
  await server.ready();
  return server;
}

async function assertEndsInTime(end: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await end();
  const ms = performance.now() - startedMs;
  assert.ok(ms < BOUND_MS, `it took ${Math.round(ms)} ms`);
}

const series = JSON.stringify({ series: Array(20_000).fill([20, 1e5]), include: ["reconstruction"] });

test("although a client has sent half of its body, and another reads nothing of its answer", async (t) => {
  const server = await startSmall(t);
  const { hostname, port } = new URL(server.url);
  const head = `POST /v1/models/small/score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
  const half = connect(Number(port), hostname);
  const deaf = connect(Number(port), hostname);
  for (const socket of [half, deaf]) socket.on("error", () => undefined);
  deaf.pause();
  half.write(`${head}Content-Length: 1000\r\n\r\n{"windows":`);
  deaf.write(`${head}Content-Length: ${series.length}\r\n\r\n${series}`);
  // The answer to another says that both are being read.
  await (await fetch(`${server.url}/livez`)).arrayBuffer();
  await assertEndsInTime(() => server.end());
  half.destroy();
  deaf.destroy();
});

test("although nobody reads its log, and it has served on meanwhile", async (t) => {
  const port = String(await freePort());
  // Never read, and soon full.
  const child = spawnServer({ ...(await settings(t)), PORT: port });
  t.after(() => child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  const answers = (path: string): Promise<boolean> =>
    fetch(url + path).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers("/readyz"))) await new Promise((resolve) => setTimeout(resolve, 20));
  // Some MB of log: paths are part of it.
  const long = "x".repeat(8_000);
  for (let i = 0; i < 800; i++) await (await fetch(`${url}/nowhere?${long}`)).arrayBuffer();
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^residua_log_lines_dropped_total [1-9]/m);
  assert.ok(await answers("/livez"));
  const exit = once(child, "exit");
  await assertEndsInTime(async () => {
    child.kill("SIGTERM");
    assert.deepEqual(await exit, [0, null]);
  });
});

test("a reader that comes back gets the kept lines, and how many were dropped", async (t) => {
  const folder = await temporaryFolder(t);
  const pipe = join(folder, "log");
  execFileSync("mkfifo", [pipe]);
  const script = `
    import { LogOutput } from ${JSON.stringify(join(repository, "dist/src/log-output.js"))};
    import pino from ${JSON.stringify(join(repository, "node_modules/pino/pino.js"))};
    const output = new LogOutput({ mostBytes: 100_000, onCaughtUp: (dropped) => log.warn({ dropped }, "caught up") });
    const log = pino({}, output.destination);
    const total = 5_000;
    for (let i = 0; i < total; i++) log.info({ i, more: "x".repeat(100) });
    process.on("message", () => setTimeout(() => process.exit(0), 1_500));
    process.send(output.dropped);
  `;
  // Opened for both, so that neither end waits for the other.
  const both = openSync(pipe, "r+");
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", both, "inherit", "ipc"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [dropped] = (await once(child, "message")) as [number];
  assert.ok(dropped > 0 && dropped < 5_000);
  const lines = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => lines.kill("SIGKILL"));
  let text = "";
  const caughtUp = new Promise<void>((resolve) => {
    lines.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes('"caught up"}\n')) resolve();
    });
  });
  child.send("end");
  await caughtUp;
  const seen = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { i?: number; dropped?: number });
  assert.equal(seen.at(-1)?.dropped, dropped);
  assert.equal(seen.length - 1 + dropped, 5_000, "every line was either read or counted");
});

test("although an operation on a file never comes back", async (t) => {
  const folder = await temporaryFolder(t);
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const script = `
    import { open } from "node:fs";
    import { endProcess } from ${JSON.stringify(join(repository, "dist/src/last-exit.js"))};
    open(${JSON.stringify(pipe)}, "r", () => undefined);
    process.once("exit", () => console.log("told"));
    setImmediate(() => endProcess(0));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const told = once(child.stdout, "data");
  const exit = once(child, "exit");
  await assertEndsInTime(async () => assert.deepEqual(await exit, [null, "SIGKILL"]));
  assert.match(String((await told)[0]), /told/);
});

test("SIGHUP cuts no answer, and ends the service in order", async (t) => {
  const server = await startSmall(t);
  const score = (): Promise<Response> =>
    fetch(`${server.url}/v1/models/small/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: series,
    });
  const answers = [score(), score(), score()];
  await Promise.race(answers);
  const ended = server.end("SIGHUP");
  for (const answer of answers) {
    const response = await answer;
    assert.equal(response.status, 200);
    assert.equal(
      ((await response.json()) as { timesteps: { score: unknown[] } }).timesteps.score.length,
      20_000,
    );
  }
  assert.equal(await ended, 0);
});
