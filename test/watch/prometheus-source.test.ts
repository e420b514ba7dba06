/** Readings from Prometheus: a real one, and servers that answer what it does not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { InputError } from "../../src/errors.js";
import { LaterError } from "../../src/watch/http-call.js";
import { type FeatureQuery, PrometheusSource } from "../../src/watch/prometheus-source.js";
import { missing, startReceiver } from "../docker/monitoring.js";
import { freePort } from "../server-process.js";
import { FEATURES, promql, STEP_MS, store, write } from "./watched.js";

const never = new AbortController().signal;

function sourceOf(url: string, queries: readonly FeatureQuery[]): PrometheusSource {
  return new PrometheusSource({ url, queries, authorization: undefined });
}

test("rows of a real Prometheus", { skip: missing("prometheus"), timeout: 60_000 }, async (t) => {
  const { url } = await startReceiver(t, ["--query.lookback-delta=1s"]);
  const nowMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  const range = { fromMs: nowMs - 6 * STEP_MS, toMs: nowMs, stepMs: STEP_MS };
  const ms = (row: number): number => range.fromMs + row * STEP_MS;

  await t.test("its time is that of its machine", async () => {
    assert.ok(Math.abs((await sourceOf(url, []).nowMs(never)) - Date.now()) < 5000);
  });

  await t.test(
    "rows are in order of time, readings missing where there is none, rows without any left out",
    async () => {
      await store(url, "rows", [
        { ms: ms(0), readings: [1, 2] },
        { ms: ms(1), readings: [1.5, null] },
        { ms: ms(3), readings: [Number.NaN, Number.POSITIVE_INFINITY] },
        { ms: ms(4), readings: [-1e-300, 1.7976931348623157e308] },
        // Between two rows: no reading of either.
        { ms: ms(5) + 3000, readings: [5, 5] },
      ]);
      const queries = FEATURES.map((feature) => ({ feature, promql: promql(feature, "rows") }));
      const source = sourceOf(url, queries);
      const rows = [
        { ms: ms(0), readings: [1, 2] },
        { ms: ms(1), readings: [1.5, null] },
        { ms: ms(4), readings: [-1e-300, 1.7976931348623157e308] },
      ];
      assert.deepEqual(await source.readRows(range, never), rows);
      assert.deepEqual(await source.readRows({ ...range, toMs: ms(1) }, never), rows.slice(0, 2));
      assert.deepEqual(await source.readRows({ ...range, toMs: range.fromMs - STEP_MS }, never), []);
      assert.deepEqual(await sourceOf(url, [{ feature: "a", promql: "nothing" }]).readRows(range, never), []);
    },
  );

  await t.test("several series are refused by their labels", async () => {
    await write(
      url,
      ["a", "b"].map((instance) => ({
        labels: [
          { name: "__name__", value: "several" },
          { name: "instance", value: instance },
        ],
        samples: [{ value: 1, timestamp: ms(0) }],
      })),
    );
    await assert.rejects(
      sourceOf(url, [{ feature: "flow", promql: "several" }]).readRows(range, never),
      new InputError(
        'The query of feature "flow" gives 2 series, and one is needed: several{instance="a"}, several{instance="b"}. Choose one by its labels, or aggregate them, as with avg(...).',
      ),
    );
    const source = sourceOf(url, [{ feature: "flow", promql: "sum(several)" }]);
    assert.deepEqual(await source.readRows(range, never), [{ ms: ms(0), readings: [2] }]);
  });

  await t.test("what Prometheus says of a query is passed on", async () => {
    await assert.rejects(
      sourceOf(url, [{ feature: "flow", promql: "rate(x)" }]).readRows(range, never),
      /^InputError: The query of feature "flow" is refused by Prometheus \(.*expected type range vector.*\)\.$/,
    );
  });
});

/** A server that gives one answer to all requests. */
async function serverOf(
  t: TestContext,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<PrometheusSource> {
  const server = createServer((_, response) => response.writeHead(status, headers).end(body)).listen(
    0,
    "127.0.0.1",
  );
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return sourceOf(`http://127.0.0.1:${port}`, [{ feature: "flow", promql: "flow" }]);
}

test("answers that are not Prometheus's are refused", async (t) => {
  const matrix = (result: string): string => `{"data":{"resultType":"matrix","result":${result}}}`;
  for (const body of [
    "<html>",
    "null",
    "{}",
    matrix("{}"),
    matrix('[{"values":[[1,"1"]]}]'),
    matrix('[{"metric":{},"values":[[1,2]]}]'),
    matrix('[{"metric":{},"values":[["1","2"]]}]'),
    '{"data":{"resultType":"scalar","result":[1]}}',
  ]) {
    const source = await serverOf(t, 200, body);
    await assert.rejects(source.nowMs(never), InputError, body);
    await assert.rejects(source.readRows({ fromMs: 0, toMs: 1000, stepMs: 1000 }, never), InputError, body);
  }
  const odd = await serverOf(
    t,
    200,
    matrix('[{"metric":{},"values":[[0.5,"1"],[-7,"2"],[1e300,"3"],[1,""]]}]'),
  );
  assert.deepEqual(await odd.readRows({ fromMs: 0, toMs: 2000, stepMs: 1000 }, never), []);
  const histograms = await serverOf(t, 200, matrix('[{"metric":{},"histograms":[[1,{}]]}]'));
  await assert.rejects(
    histograms.readRows({ fromMs: 0, toMs: 1000, stepMs: 1000 }, never),
    /gives histograms/,
  );
});

test("what may pass is told apart from what does not", async (t) => {
  const later = async (status: number, headers = {}): Promise<LaterError> => {
    const error = await (await serverOf(t, status, "", headers))
      .nowMs(never)
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof LaterError, `${status}`);
    return error;
  };
  assert.equal((await later(503, { "retry-after": "7" })).retryAfterMs, 7000);
  const date = new Date(Date.UTC(2024, 0, 1));
  const inAMinute = new Date(date.getTime() + 60_000).toUTCString();
  assert.equal(
    (await later(429, { date: date.toUTCString(), "retry-after": inAMinute })).retryAfterMs,
    60_000,
  );
  assert.equal((await later(500, { "retry-after": "soon" })).retryAfterMs, undefined);
  for (const [status, message] of [
    [401, /RESIDUA_PROMETHEUS_AUTHORIZATION/],
    [404, /There is no API of Prometheus at/],
    [302, /leads on to/],
  ] as const) {
    await assert.rejects((await serverOf(t, status, "")).nowMs(never), message);
  }
  const gone = sourceOf(`http://127.0.0.1:${await freePort()}`, []);
  await assert.rejects(gone.nowMs(never), new LaterError("Prometheus does not answer (ECONNREFUSED)."));
});
