/**
 * Looks at a real Prometheus with a real service and a real webhook. Only the time is by hand: rows are stored ahead, and
 * a look sees those up to the time that it is given.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LaterError } from "../../src/watch/http-call.js";
import type { Row } from "../../src/watch/prometheus-source.js";
import type { RemoteWriter } from "../../src/watch/remote-write.js";
import { readState } from "../../src/watch/watch-state.js";
import type { Webhook } from "../../src/watch/webhook.js";
import { startUnreliableProxy } from "../clients/unreliable-proxy.js";
import { missing, startReceiver } from "../docker/monitoring.js";
import { BASE_MS, COUNT, HISTORY, type Watched, watched } from "./stored-stream.js";
import { MODEL, normalRows, publish, STEP_MS, startService, store, TIMESTEPS } from "./watched.js";

/** The answer to all rows at once. */
async function answerTo(service: string, rows: readonly Row[]) {
  const response = await fetch(`${service}/v1/models/${MODEL}/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      series: rows.map(({ readings }) => readings),
      timestamps: rows.map(({ ms }) => ms),
      maxGapMs: 10 * STEP_MS,
    }),
  });
  return (await response.json()) as {
    timesteps: { score: number[] };
    events: { start: number; end: number }[];
  };
}

const rowsOf = (scores: readonly [row: number, score: number][]): number[] => scores.map(([row]) => row);
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
const states = ({ webhook }: Watched): (string | undefined)[] =>
  webhook.received.map(({ body }) => body.event?.state);

test("a watched stream", { skip: missing("prometheus"), timeout: 120_000 }, async (t) => {
  const { url, end, start } = await startReceiver(t, ["--query.lookback-delta=1s"]);
  const { server, folder } = await startService(t);
  const service = server.url;
  const stored = async (name: string, rows: readonly Row[]): Promise<void> => store(url, name, rows);

  await t.test("settled scores are those of all rows at once, however the rows are cut", async (t) => {
    const rows = normalRows(BASE_MS, COUNT, 40);
    await stored("settled", rows);
    const one = await watched(t, { url, service, name: "settled" }, { settleRows: 1000 });
    for (const row of [20, 21, 23, 23, 30, 44, 45, 58, 59]) {
      await one.lookAt(row);
      await one.restart();
    }
    const whole = await answerTo(service, rows.slice(21 - HISTORY));
    const scores = await one.scores();
    // The first look counts the newest row as the first; with the last, T - 1 rows are not settled.
    assert.deepEqual(rowsOf(scores), range(20, COUNT - TIMESTEPS + 1));
    for (const [row, score] of scores) assert.equal(score, whole.timesteps.score[row - (21 - HISTORY)]);
    assert.deepEqual(states(one), ["began", "ended"]);
    const [, ended] = one.webhook.received;
    const event = whole.events[0]!;
    const time = (row: number): string => new Date(BASE_MS + (row + 21 - HISTORY) * STEP_MS).toISOString();
    assert.equal(ended?.body.event?.start, time(event.start));
    assert.equal(ended?.body.event?.end, time(event.end));
  });

  await t.test(
    "each row is written once, with its first score, and an event is told as soon as it is seen",
    async (t) => {
      await stored("first", normalRows(BASE_MS, COUNT, 30));
      const one = await watched(t, { url, service, name: "first" });
      for (const row of range(20, 31)) await one.lookAt(row);
      assert.deepEqual(states(one), ["began"]);
      for (const row of range(31, 45)) await one.lookAt(row);
      assert.deepEqual(rowsOf(await one.scores()), range(20, 45));
      assert.deepEqual(states(one), ["began", "ended"]);
      const [began, ended] = one.webhook.received;
      assert.equal(began?.body.event?.id, ended?.body.event?.id);
      assert.deepEqual(began?.body.labels, { test: "first" });
    },
  );

  await t.test("rows without readings are left out, and a hole at the end is waited for", async (t) => {
    const rows = normalRows(BASE_MS, COUNT);
    const early = rows.filter((_, at) => at < 30 && at !== 25);
    await stored("holes", early);
    const one = await watched(t, { url, service, name: "holes" });
    for (const row of [20, 27, 40]) await one.lookAt(row);
    assert.deepEqual(rowsOf(await one.scores()), [20, ...range(21, 25), ...range(26, 30)]);
    // What comes late, but after a hole at the end, is read as if it had been there.
    await stored("holes", rows.slice(30, 42));
    await one.lookAt(41);
    assert.deepEqual(rowsOf(await one.scores()), [20, ...range(21, 25), ...range(26, 42)]);
    const { state } = await readState(one.stateFile);
    assert.equal(state?.stream.rows, HISTORY + 20);
    assert.deepEqual(state?.stream.runs.length, 2);
  });

  await t.test("a row is not read before it is as old as it has to be", async (t) => {
    await stored("delay", normalRows(BASE_MS, COUNT));
    const one = await watched(t, { url, service, name: "delay" }, { delayMs: 2 * STEP_MS + 1 });
    await one.lookAt(20);
    assert.deepEqual(rowsOf(await one.scores()), [17]);
    await one.lookAt(21);
    assert.deepEqual(rowsOf(await one.scores()), [17, 18]);
  });

  await t.test(
    "what a crash left undone is done by the next start, and no row is written twice",
    async (t) => {
      await stored("crash", normalRows(BASE_MS, COUNT, 22));
      const one = await watched(t, { url, service, name: "crash" });
      await one.lookAt(20);
      const killed = { name: "killed" };
      const die = (): Promise<never> => Promise.reject(killed);
      await one.restart({
        writer: { write: die } as unknown as RemoteWriter,
        webhook: { post: die } as unknown as Webhook,
      });
      await assert.rejects(one.lookAt(26), (error) => error === killed);
      // The state is written, and nothing is handed over.
      const { state } = await readState(one.stateFile);
      assert.deepEqual([rowsOf(await one.scores()), states(one)], [[20], []]);
      await one.restart();
      await one.lookAt(26);
      assert.deepEqual([rowsOf(await one.scores()), states(one)], [range(20, 27), ["began"]]);
      // All is handed over, and the state does not say so.
      await one.restart({ state });
      await one.lookAt(27);
      assert.deepEqual(rowsOf(await one.scores()), range(20, 28));
      assert.match(one.said.at(-1) ?? "", /^Scores of 5 rows, .* were refused, .*: out of order sample/);
      const ids = new Set(one.webhook.received.map(({ headers }) => headers["webhook-id"]));
      assert.deepEqual([states(one), ids.size], [["began", "began"], 1]);
    },
  );

  await t.test("another version goes on with the same rows", async (t) => {
    await stored("replaced", normalRows(BASE_MS, COUNT, 22));
    const one = await watched(t, { url, service, name: "replaced" });
    for (const row of [20, 24]) await one.lookAt(row);
    await publish(folder, 2);
    const answers = async (): Promise<string> =>
      ((await (await fetch(`${service}/v1/models/${MODEL}`)).json()) as { version: string }).version;
    while ((await answers()) !== "2") await new Promise((resolve) => setImmediate(resolve));
    for (const row of [25, 26, 40, 41]) await one.lookAt(row);
    assert.equal(one.said.filter((sentence) => sentence.includes("begins anew")).length, 1);
    assert.match(
      one.said.find((sentence) => sentence.includes("begins anew")) ?? "",
      /^The stream begins anew with the 16 rows before it, scored by version 2: The continuation is of another version/,
    );
    assert.deepEqual(rowsOf(await one.scores()), range(20, 42));
    // The event goes on under the other version: it is not told again.
    assert.deepEqual(states(one), ["began", "ended"]);
  });

  await t.test("a lost state begins anew, and a clock that was wrong is said", async (t) => {
    await stored("clock", normalRows(BASE_MS, COUNT));
    const one = await watched(t, { url, service, name: "clock" });
    await one.lookAt(40);
    await one.lookAt(20);
    await one.lookAt(21);
    assert.match(one.said.at(-1) ?? "", /nothing is read before that time\. If a clock was wrong, remove /);
    assert.equal(one.said.length, 2);
    assert.deepEqual(rowsOf(await one.scores()), [40]);
    await one.lookAt(42);
    assert.deepEqual(rowsOf(await one.scores()), [40, 41, 42]);
  });

  await t.test("a busy service and a webhook that is down hold up only themselves", async (t) => {
    await stored("busy", normalRows(BASE_MS, COUNT, 22));
    const proxy = await startUnreliableProxy(t, service, { "POST .*/score$": ["full", "later", "lost"] });
    const one = await watched(t, { url, service: proxy.url, name: "busy" });
    for (let round = 0; round < 3; round++) await assert.rejects(one.lookAt(20), LaterError);
    one.webhook.answer = () => 503;
    for (const row of [20, 23, 26]) {
      const { webhookTrouble } = await one.lookAt(row);
      assert.equal(webhookTrouble?.message, row === 20 ? undefined : "The webhook answers 503.");
    }
    assert.deepEqual(rowsOf(await one.scores()), range(20, 27));
    one.webhook.answer = () => 204;
    assert.equal((await one.lookAt(27)).webhookTrouble, undefined);
    const ids = new Set(one.webhook.received.map(({ headers }) => headers["webhook-id"]));
    assert.equal(ids.size, 1);
    assert.ok(one.webhook.received.length >= 3);
  });

  await t.test("what Prometheus could not take is written when it is back", async (t) => {
    await stored("down", normalRows(BASE_MS, COUNT));
    const one = await watched(t, { url, service, name: "down" });
    await one.lookAt(20);
    await end();
    await assert.rejects(one.lookAt(25), new LaterError("Prometheus does not answer (ECONNREFUSED)."));
    await start();
    await one.lookAt(25);
    assert.deepEqual(rowsOf(await one.scores()), range(20, 26));
  });
});
