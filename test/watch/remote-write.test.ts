/** Scores written to a real Prometheus. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InputError } from "../../src/errors.js";
import { RemoteWriter, timeSeries } from "../../src/watch/remote-write.js";
import type { ScoredRow } from "../../src/watch/watch-state.js";
import { missing, startReceiver } from "../docker/monitoring.js";
import { samplesOf } from "./watched.js";

const never = new AbortController().signal;
const NOW_MS = Math.floor(Date.now() / 1000) * 1000;

function rowAt(second: number, score: number | null = second): ScoredRow {
  const ms = NOW_MS + second * 1000;
  return { ms, score, anomalous: second === 2, threshold: 0.5, lower: [null, -second], upper: [1e9, second] };
}

function writerTo(url: string, labels: Record<string, string> = {}): RemoteWriter {
  return new RemoteWriter({
    url: `${url}/api/v1/write`,
    authorization: undefined,
    model: "pump",
    features: ["flow", "temp"],
    labels,
  });
}

test("scores in a real Prometheus", { skip: missing("prometheus"), timeout: 60_000 }, async (t) => {
  const { url } = await startReceiver(t);

  await t.test(
    "what is written can be queried, by model, feature and further labels; null is not written",
    async () => {
      const labels = { Site: "nörth", zone: "a" };
      assert.equal(await writerTo(url, labels).write([rowAt(1), rowAt(2, null)], never), undefined);
      const ms = (second: number): number => NOW_MS + second * 1000;
      const found = (name: string) => samplesOf(url, `${name}{Site="nörth"}`);
      const own = { ...labels, model: "pump" };
      assert.deepEqual(await found("residua_score"), [{ labels: own, samples: [[ms(1), 1]] }]);
      const both = (a: number, b: number): [number, number][] => [
        [ms(1), a],
        [ms(2), b],
      ];
      assert.deepEqual(await found("residua_threshold"), [{ labels: own, samples: both(0.5, 0.5) }]);
      assert.deepEqual(await found("residua_anomalous"), [{ labels: own, samples: both(0, 1) }]);
      assert.deepEqual(await found("residua_lower"), [
        { labels: { ...own, feature: "temp" }, samples: both(-1, -2) },
      ]);
      assert.deepEqual(await found("residua_upper"), [
        { labels: { ...own, feature: "flow" }, samples: both(1e9, 1e9) },
        { labels: { ...own, feature: "temp" }, samples: both(1, 2) },
      ]);
    },
  );

  await t.test("rows that are there already keep no new ones out, and are not written twice", async () => {
    const writer = writerTo(url, { test: "twice" });
    await writer.write([rowAt(1), rowAt(2), rowAt(3)], never);
    const refused = await writer.write([rowAt(1), rowAt(2), rowAt(3), rowAt(4)], never);
    assert.deepEqual(refused?.rows, [rowAt(1), rowAt(2)]);
    assert.match(refused?.reason ?? "", /out of order/);
    const [series] = await samplesOf(url, 'residua_score{test="twice"}');
    assert.deepEqual(
      series?.samples.map(([, value]) => value),
      [1, 2, 3, 4],
    );
  });

  await t.test("a receiver that is none is named, with what to do", async () => {
    await assert.rejects(
      writerTo(`${url}/elsewhere`).write([rowAt(1)], never),
      (error) =>
        error instanceof InputError && /start Prometheus with --web\.enable-remote-write/.test(error.message),
    );
  });
});

test("labels are in the order of their bytes, as the specification wants them", () => {
  const [series] = timeSeries([rowAt(1)], {
    model: "pump",
    features: [],
    labels: { Site: "a", a: "b", _x: "c" },
  });
  assert.deepEqual(
    series?.labels.map(({ name }) => name),
    ["Site", "__name__", "_x", "a", "model"],
  );
});
