import assert from "node:assert/strict";
import { test } from "node:test";
import { Gauge, Registry } from "prom-client";
import { MetricsPage } from "../../src/serving/metrics-page.js";

const canTell = "threadCpuUsage" in process;

/** A page whose figures take this long to make. */
function pageOf(work: () => void) {
  let made = 0;
  const registry = new Registry();
  const collect = (): void => {
    made += 1;
    work();
  };
  new Gauge({ name: "residua_test", help: "A test", registers: [registry], collect });
  return { page: new MetricsPage(registry), made: () => made };
}

test("whoever asks while a text waits its turn shares it", async () => {
  const { page, made } = pageOf(() => undefined);
  const texts = await Promise.all(Array.from({ length: 100 }, () => page.text()));
  assert.match(texts[99]!, /^residua_test 0$/m);
  assert.equal(made(), 1);
});

test("while other programs have the core, figures come no later for it", { skip: !canTell }, async () => {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  // The thread stands still, as where the system gives its core to others.
  const { page } = pageOf(() => Atomics.wait(wait, 0, 0, 250));
  await page.text();
  const first = await Promise.race([
    page.text().then(() => "the text"),
    new Promise((resolve) => setTimeout(resolve, 900, "the timer")),
  ]);
  assert.equal(first, "the text");
});
