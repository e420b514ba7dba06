/** Traces as a collector receives them from a running service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../grpc/grpc-client.js";
import { infer, input } from "../inference-client.js";
import { startService, WINDOW } from "../running-service.js";
import { attributesOf, type ReceivedSpan, startCollector } from "./collector.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const STEPS = ["read", "queue", "engine", "write"];

const nanos = (time: string) => BigInt(time);
const byStart = (a: ReceivedSpan, b: ReceivedSpan) =>
  Number(nanos(a.startTimeUnixNano) - nanos(b.startTimeUnixNano));

/** A request's steps in order, which have to lie in its span, one behind the other. */
function stepsOf(request: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const steps = spans.filter(({ parentSpanId }) => parentSpanId === request.spanId).sort(byStart);
  let end = nanos(request.startTimeUnixNano);
  for (const step of steps) {
    assert.equal(step.traceId, request.traceId);
    // Times are rounded to nanoseconds on their way.
    assert.ok(
      nanos(step.startTimeUnixNano) >= end - 1000n,
      `${step.name} begins before the step before ends`,
    );
    assert.ok(nanos(step.endTimeUnixNano) >= nanos(step.startTimeUnixNano), step.name);
    end = nanos(step.endTimeUnixNano);
  }
  assert.ok(end <= nanos(request.endTimeUnixNano) + 1000n, "the last step ends after its request");
  return steps.map(({ name }) => name);
}

test("each request is a span with its steps, under the caller's; the last are sent when the service ends", async (t) => {
  const { endpoint, spans, resources, paths } = await startCollector(t);
  const service = await startService(t, {
    contents: { small: {} },
    config: { OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`, RESIDUA_GRPC_PORT: 0 },
  });
  const sent = { traceparent: `00-${TRACE}-${PARENT}-01` };
  const windows = { windows: [WINDOW] };
  const series = { series: Array.from({ length: 20_000 }, (_, row) => WINDOW[row % 4]) };
  const answers = [
    await service.score("small", windows, sent),
    await service.score("small", series),
    await service.score("small", series, { accept: "application/x-ndjson" }),
    await infer(service, "small", { inputs: [input()] }),
    await service.score("nope", windows),
    await service.score("small", windows, { "x-request-timeout-ms": "0" }),
  ];
  for (const answer of answers) await answer.arrayBuffer();
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 404, 504],
  );
  await (await fetch(`${service.url}/readyz`)).arrayBuffer();
  await connect(t, service.service.grpc!.port).call("ModelInfer", {
    model_name: "small",
    inputs: [
      { name: "windows", datatype: "FP32", shape: [1, 4, 2], contents: { fp32_contents: WINDOW.flat() } },
    ],
  });
  assert.equal(await service.service.stop(), true);

  assert.ok(paths.length > 0 && paths.every((path) => path === "/v1/traces"), String(paths));
  assert.equal(resources[0]!["service.name"], "residua");
  const requests = spans.filter(({ name }) => !STEPS.includes(name)).sort(byStart);
  const score = "POST /v1/models/:name/score";
  assert.deepEqual(
    requests.map((request) => [request.name, request.status.code, stepsOf(request, spans)]),
    [
      [score, 0, STEPS],
      [score, 0, STEPS],
      [score, 0, STEPS],
      ["POST /v2/models/:model/infer", 0, STEPS],
      [score, 0, []],
      [score, 2, ["read"]],
      ["inference.GRPCInferenceService/ModelInfer", 0, STEPS],
    ],
  );
  const [first, second] = requests;
  assert.deepEqual([first!.traceId, first!.parentSpanId], [TRACE, PARENT]);
  assert.notEqual(second!.traceId, TRACE);
  assert.ok(second!.parentSpanId === undefined || second!.parentSpanId === "");
  const attributes = attributesOf(first!);
  assert.equal(attributes["http.response.status_code"], 200);
  assert.equal(attributes["http.route"], "/v1/models/:name/score");
  assert.deepEqual([attributes["residua.model"], attributes["residua.version"]], ["small", "1"]);
  assert.equal(attributes["residua.request_id"], answers[0]!.headers.get("x-request-id"));
});

test("a caller that does not sample gets no spans, and a malformed traceparent begins a new trace", async (t) => {
  const { endpoint, spans } = await startCollector(t);
  const service = await startService(t, {
    contents: { small: {} },
    config: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  });
  for (const traceparent of [`00-${TRACE}-${PARENT}-00`, "00-zz-yy-01"]) {
    await (await service.score("small", { windows: [WINDOW] }, { traceparent })).arrayBuffer();
  }
  await service.service.stop();
  const requests = spans.filter(({ name }) => name.startsWith("POST"));
  assert.equal(requests.length, 1);
  assert.notEqual(requests[0]!.traceId, TRACE);
});

test("a collector that is not there costs no answer, and the log says so", async (t) => {
  const service = await startService(t, {
    contents: { small: {} },
    config: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
  });
  const response = await service.score("small", { windows: [WINDOW] });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  assert.equal(await service.service.stop(), true);
  const warnings = service.log.filter(({ level }) => Number(level) >= 40).map(({ msg }) => String(msg));
  assert.ok(
    warnings.length > 0 && warnings.every((msg) => msg.startsWith("OpenTelemetry: ")),
    String(warnings),
  );
});
