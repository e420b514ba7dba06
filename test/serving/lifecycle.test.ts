import assert from "node:assert/strict";
import { test } from "node:test";
import { Lifecycle } from "../../src/serving/lifecycle.js";

test("it is idle when the last request in flight has ended", async () => {
  const lifecycle = new Lifecycle();
  await lifecycle.whenIdle();
  lifecycle.requestBegan();
  lifecycle.requestBegan();
  let isIdle = false;
  const idle = lifecycle.whenIdle().then(() => {
    isIdle = true;
  });
  lifecycle.requestEnded();
  await Promise.resolve();
  assert.equal(isIdle, false);
  assert.equal(lifecycle.inFlight, 1);
  lifecycle.requestEnded();
  await idle;
});

test("connections end from the lame duck on", () => {
  const lifecycle = new Lifecycle();
  const ending = (["starting", "serving", "lameDuck", "draining"] as const).map((phase) => {
    lifecycle.phase = phase;
    return lifecycle.isEnding;
  });
  assert.deepEqual(ending, [false, false, true, true]);
});
