/** `residua watch` as a process: what it refuses, how it ends, and that it goes on where it was killed. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { Webhook as Receiver } from "standardwebhooks";
import { missing, startReceiver } from "../docker/monitoring.js";
import { freePort } from "../server-process.js";
import {
  FEATURES,
  MODEL,
  normalRows,
  openWebhook,
  promql,
  STEP_MS,
  samplesOf,
  startService,
  store,
  type WebhookServer,
} from "../watch/watched.js";
import { createWorkplace, type Finished } from "./residua-process.js";

const TOKEN = "api-token";
const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const DOOR_KEY = "Basic cmVzaWR1YTpzZWNyZXQ=";
const QUERIES = FEATURES.flatMap((feature) => ["--query", `${feature}=${promql(feature, "cli")}`]);

/** A command line, and the signal that it gets with the first message to the webhook. */
interface Run {
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly signal?: NodeJS.Signals;
}

test("watch says what is wrong with its options", async (t) => {
  const { residua } = await createWorkplace(t);
  const url = ["--url", "http://127.0.0.1:9090", "--model", MODEL];
  const cases: [args: string[], message: RegExp][] = [
    [
      [...url, "--query", "up"],
      /^Option '--query <feature=promql>' argument 'up' is invalid\. .*"flow=rate\(litres\[5m\]\)"/,
    ],
    [[...url, "--query", "a=1", "--query", "a=2"], /^"a" is named twice\.$/m],
  ];
  for (const [args, message] of cases) {
    const { status, err } = await residua(["watch", ...args]);
    assert.match(err, message);
    assert.equal(status, 2, err);
  }
});

test("a service that is not there is waited for, and SIGTERM ends that", async (t) => {
  const { residua } = await createWorkplace(t);
  const service = `http://127.0.0.1:${await freePort()}`;
  const args = ["watch", "--url", service, "--service", service, "--model", MODEL, "--query", "a=1"];
  const { status, out, err } = await residua(args, {
    onOutput: (text, kill) => {
      if (text.includes("does not answer")) kill("SIGTERM");
    },
  });
  assert.equal(status, 0, err);
  assert.match(out, /The service does not answer \(ECONNREFUSED\)\. It is tried again until it works\.\n$/);
});

/** A door before Prometheus that opens for one header; what was sent to it is kept. */
async function startDoor(
  t: TestContext,
  target: string,
): Promise<{ url: string; sent: (string | undefined)[] }> {
  const sent: (string | undefined)[] = [];
  const server = createServer(async (request, response) => {
    const { authorization } = request.headers;
    sent.push(authorization);
    const body = await buffer(request);
    if (authorization !== DOOR_KEY) {
      response.writeHead(401).end();
      return;
    }
    const headers = Object.entries(request.headers).filter(([name]) => name.startsWith("content-"));
    const answer = await fetch(target + request.url, {
      method: "POST",
      headers: Object.fromEntries(headers) as Record<string, string>,
      body,
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
}

/** Prometheus with rows up to now, a service with a token, and a webhook. */
async function place(t: TestContext): Promise<{
  url: string;
  webhook: WebhookServer;
  run: (run: Run) => Promise<Finished>;
}> {
  const { url } = await startReceiver(t, ["--query.lookback-delta=1s"]);
  const { server } = await startService(t, { RESIDUA_API_TOKEN: TOKEN });
  const webhook = await openWebhook(t);
  const { residua } = await createWorkplace(t);
  const base = ["--url", url, "--service", server.url, "--model", MODEL, "--webhook", webhook.url];
  const run = async ({ args, env = {}, signal }: Run): Promise<Finished> => {
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const finished = residua(["watch", ...base, "--delay", "0", "--every", "1s", ...args], {
      env: { RESIDUA_API_TOKEN: TOKEN, RESIDUA_WEBHOOK_SECRET: SECRET, ...env },
      onOutput: (_, ofProcess) => {
        kill = ofProcess;
      },
    });
    // Where the test fails, the program may run on.
    t.after(() => kill?.("SIGKILL"));
    webhook.answer = async () => {
      if (signal !== undefined) kill?.(signal);
      if (signal === "SIGKILL") await finished;
      return 204;
    };
    return finished;
  };
  return { url, webhook, run };
}

test("watch with a real Prometheus", { skip: missing("prometheus"), timeout: 120_000 }, async (t) => {
  const { url, webhook, run } = await place(t);
  const count = 40;
  const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const rows = normalRows(endMs - (count - 1) * STEP_MS, count, count - 3);
  await store(url, "cli", rows);

  await t.test(
    "without the token, or with queries that are not the model's features, it ends with a sentence",
    async () => {
      for (const [options, message] of [
        [
          { args: QUERIES, env: { RESIDUA_API_TOKEN: "wrong" } },
          /^The service lets nobody in.*RESIDUA_API_TOKEN/,
        ],
        [
          { args: QUERIES, env: { RESIDUA_WEBHOOK_SECRET: "hunter2" } },
          /^RESIDUA_WEBHOOK_SECRET has to be "whsec_"/,
        ],
        [
          { args: ["--query", "flow=1"] },
          /^Each feature of model "pump" needs one --query: it has temperature, pressure; there are queries for flow\.$/m,
        ],
        [
          { args: ["--query", "temperature=reading", "--query", "pressure=1"] },
          /^The query of feature "temperature" gives 2 series, and one is needed: reading\{feature="pressure", test="cli"\}, /,
        ],
      ] as const) {
        const { status, err } = await run(options);
        assert.match(err, message);
        assert.equal(status, 1, err);
      }
    },
  );

  await t.test(
    "killed while a message is under way, it goes on at the next start: no row twice, the same message again",
    async () => {
      assert.equal((await run({ args: QUERIES, signal: "SIGKILL" })).status, null);
      await store(url, "cli", normalRows(endMs + STEP_MS, 1));
      const { status, out, err } = await run({ args: QUERIES, signal: "SIGTERM" });
      assert.equal(status, 0, err);
      assert.match(out, /Watching goes on after /);
      const [series] = await samplesOf(url, "residua_score");
      assert.equal(series?.samples.filter(([ms]) => ms === endMs).length, 1);
      const began = webhook.received.filter(({ body }) => body.event?.state === "began");
      assert.ok(began.length >= 1);
      assert.equal(new Set(began.map(({ headers }) => headers["webhook-id"])).size, 1);
      const { text, headers } = began.at(-1)!;
      assert.doesNotThrow(() => new Receiver(SECRET).verify(text, headers as Record<string, string>));
    },
  );

  await t.test(
    "Prometheus' header is sent to it, for what is written there too, and to no other place",
    async (t) => {
      const [door, other] = [await startDoor(t, url), await startDoor(t, url)];
      const args = ["--url", door.url, ...QUERIES, "--label", "door=1", "--state"];
      const key = { RESIDUA_PROMETHEUS_AUTHORIZATION: DOOR_KEY };
      const locked = await run({ args: [...args, "locked.json"] });
      assert.match(
        locked.err,
        /^Prometheus lets nobody in without the right RESIDUA_PROMETHEUS_AUTHORIZATION/,
      );
      const elsewhere = await run({
        args: [...args, "other.json", "--write", `${other.url}/api/v1/write`],
        env: key,
      });
      assert.match(elsewhere.err, /without the right RESIDUA_REMOTE_WRITE_AUTHORIZATION/);
      assert.deepEqual(other.sent, [undefined]);
      const opened = await run({ args: [...args, "opened.json"], env: key, signal: "SIGTERM" });
      assert.equal(opened.status, 0, opened.err);
      assert.equal((await samplesOf(url, 'residua_score{door="1"}')).length, 1);
    },
  );

  await t.test("a state of other queries is not gone on with", async () => {
    const swapped = QUERIES.map((text) => text.replaceAll('test="cli"', 'test="other"'));
    const { status, err } = await run({ args: swapped });
    assert.match(err, /^The state pump\.watch\.json is of model "pump", or of other queries/);
    assert.equal(status, 1);
  });
});
