/** Two real replicas behind Debian's haproxy, with the configuration that is shipped. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, repository, type ServerProcess, startServer } from "../server-process.js";

const CLIENTS = 6;
const MODEL = "ramp-reconstruction";
const body = readFileSync(join(repository, "models", MODEL, "1", "sample.json"), "utf8");
const hasHaproxy = spawnSync("haproxy", ["-v"]).status === 0;

function replica(port: number): Promise<ServerProcess> {
  return startServer({
    PORT: String(port),
    LOG_LEVEL: "info",
    RESIDUA_THREADS: "1",
    RESIDUA_LAME_DUCK_SECONDS: "2",
    RESIDUA_MODELS: join(repository, "models"),
  });
}

async function score(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/v1/models/${MODEL}/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: response.status, text: await response.text() };
}

/** Clients that ask without pause, until told to stop; what was not a 200 is kept. */
class Load {
  answers = 0;
  readonly failures: string[] = [];
  #isOn = true;
  readonly #clients: Promise<void>[];

  constructor(url: string) {
    this.#clients = Array.from({ length: CLIENTS }, async () => {
      while (this.#isOn) {
        try {
          const { status, text } = await score(url);
          if (status === 200) this.answers++;
          else this.failures.push(`${status} ${text.slice(0, 200)}`);
        } catch (error) {
          this.failures.push(String(error));
        }
      }
    });
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#clients);
  }
}

/** Waits until a replica has answered a score request: the balancer has seen it. */
async function untilServing(server: ServerProcess): Promise<void> {
  const asked = (): number => server.log().split("/score").length;
  const before = asked();
  for (let round = 0; asked() === before; round++) {
    assert.ok(round < 12_000, "the balancer never sent this replica a request");
    await delay(10);
  }
}

test("behind haproxy", {
  skip: hasHaproxy ? false : "haproxy is not installed",
  timeout: 600_000,
}, async (t) => {
  const [front, first, second] = [await freePort(), await freePort(), await freePort()];
  let a = await replica(first);
  let b = await replica(second);
  t.after(() => {
    for (const { child } of [a, b]) child.kill("SIGKILL");
  });
  await Promise.all([a.ready(), b.ready()]);
  const haproxy = spawn("haproxy", ["-db", "-f", join(repository, "docker", "haproxy.cfg")], {
    env: {
      ...process.env,
      RESIDUA_BIND: `127.0.0.1:${front}`,
      RESIDUA_REPLICA_1: `127.0.0.1:${first}`,
      RESIDUA_REPLICA_2: `127.0.0.1:${second}`,
    },
    stdio: "ignore",
  });
  t.after(() => haproxy.kill("SIGKILL"));
  const url = `http://127.0.0.1:${front}`;
  for (let round = 0; ; round++) {
    const status = await score(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) break;
    assert.ok(round < 6_000, "haproxy never answered 200");
    await delay(10);
  }

  await t.test("both replicas give equal model and windows", async () => {
    const [one, two] = await Promise.all([score(a.url), score(b.url)]);
    const { model, windows } = JSON.parse(one.text);
    assert.deepEqual(
      { model, windows },
      (({ model, windows }) => ({ model, windows }))(JSON.parse(two.text)),
    );
  });

  await t.test("a rolling restart under load loses nothing", async () => {
    const load = new Load(url);
    await Promise.all([untilServing(a), untilServing(b)]);
    assert.equal(await a.end(), 0);
    a = await replica(first);
    await untilServing(a);
    assert.equal(await b.end(), 0);
    b = await replica(second);
    await untilServing(b);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.answers > 0);
  });

  await t.test("a replica killed with -9 costs only what it had in flight", async () => {
    const load = new Load(url);
    await Promise.all([untilServing(a), untilServing(b)]);
    await a.end("SIGKILL");
    const before = load.answers;
    while (load.answers < before + 20 * CLIENTS) await delay(10);
    await load.stop();
    assert.ok(
      load.failures.length <= CLIENTS,
      `${load.failures.length} requests failed:\n${load.failures.join("\n")}`,
    );
  });
});
