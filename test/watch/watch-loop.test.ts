/** When the next look is: a clock by hand, so nothing waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { LaterError } from "../../src/watch/http-call.js";
import { watchLoop } from "../../src/watch/watch-loop.js";
import type { Look } from "../../src/watch/watcher.js";

const CAUGHT_UP: Look = { isCaughtUp: true, webhookTrouble: undefined };

/** Runs the loop until `looks` are used up, each of which may throw. @returns how long it waited after each. */
async function run(looks: readonly (Look | Error)[], everyMs = 60_000, lookMs = 5000) {
  const stop = new AbortController();
  const waits: number[] = [];
  const said: string[] = [];
  const due: boolean[] = [];
  let nowMs = 0;
  const left = [...looks];
  await watchLoop(
    async (isWebhookDue) => {
      due.push(isWebhookDue);
      nowMs += lookMs;
      const look = left.shift()!;
      if (look instanceof Error) throw look;
      return look;
    },
    {
      everyMs,
      stop: stop.signal,
      say: (sentence) => said.push(sentence),
      clock: {
        nowMs: () => nowMs,
        wait: async (ms) => {
          waits.push(ms);
          nowMs += ms;
          if (left.length === 0) stop.abort();
        },
      },
    },
  );
  return { waits, said, due };
}

test("looks begin at regular times, and follow each other at once while there is more to read", async () => {
  const { waits } = await run([CAUGHT_UP, { ...CAUGHT_UP, isCaughtUp: false }, CAUGHT_UP]);
  assert.deepEqual(waits, [55_000, 0, 55_000]);
  assert.deepEqual((await run([CAUGHT_UP], 1000)).waits, [0]);
});

test("a failure that may pass is tried again later and later, at most every minute; it and its end are said once", async () => {
  const failure = new LaterError("Prometheus does not answer (ECONNREFUSED).");
  const { waits, said } = await run([...Array.from({ length: 8 }, () => failure), CAUGHT_UP]);
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 55_000]);
  assert.deepEqual(said, [
    "Prometheus does not answer (ECONNREFUSED). It is tried again until it works.",
    "Watching goes on.",
  ]);
});

test("a time that the other side names is waited for", async () => {
  assert.deepEqual((await run([new LaterError("later", 17_000), CAUGHT_UP])).waits, [17_000, 55_000]);
});

test("what is refused at first ends the loop; once it has worked, it is said and tried at the next look", async () => {
  const refusal = new InputError("The query is refused.");
  await assert.rejects(run([refusal]), refusal);
  await assert.rejects(run([new LaterError("later"), refusal]), refusal);
  const { waits, said } = await run([CAUGHT_UP, refusal, refusal, CAUGHT_UP]);
  assert.deepEqual(waits, [55_000, 55_000, 55_000, 55_000]);
  assert.equal(said.length, 2);
});

test("any other error ends the loop", async () => {
  await assert.rejects(run([CAUGHT_UP, new TypeError("a bug")]), TypeError);
});

test("a webhook that fails is left alone as long as it asks for, and holds up nothing else", async () => {
  const failed = { isCaughtUp: true, webhookTrouble: new LaterError("The webhook answers 503.", 100_000) };
  const { waits, due, said } = await run([failed, CAUGHT_UP, CAUGHT_UP]);
  assert.deepEqual(due, [true, false, true]);
  assert.deepEqual(waits, [55_000, 40_000, 55_000]);
  assert.deepEqual(said, [
    "The webhook answers 503. It is tried again until it works.",
    "The webhook takes messages again.",
  ]);
});
