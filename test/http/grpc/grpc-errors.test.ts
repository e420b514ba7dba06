/** Errors, tokens, deadlines, cancelled calls and the end of the service over gRPC. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { holdRuns } from "../held-runs.js";
import { type StartOptions, startService } from "../running-service.js";
import { connect, detailsOf } from "./grpc-client.js";

const CODES = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
};

async function start(t: TestContext, options: StartOptions = {}) {
  const service = await startService(t, {
    contents: { small: {} },
    ...options,
    config: { RESIDUA_GRPC_PORT: 0, ...options.config },
  });
  return { service, client: connect(t, service.service.grpc!.port) };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await yieldToEventLoop();
}

/** A request with so many windows of the model `small`. */
function request(count: number, more: object = {}) {
  const values = new Float32Array(count * 8).fill(21);
  return {
    model_name: "small",
    inputs: [{ name: "windows", datatype: "FP32", shape: [count, 4, 2] }],
    raw_input_contents: [Buffer.from(values.buffer)],
    ...more,
  };
}

test("errors have the code that means the same as REST's status, and the service's own code", async (t) => {
  const { service, client } = await start(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 50 } });
  const [windows] = request(1).inputs;
  const [bytes] = request(1).raw_input_contents;
  const infinite = Buffer.from(new Float32Array(8).fill(Number.POSITIVE_INFINITY).buffer);
  const cases: [string, object, number, string][] = [
    ["an unknown model", request(1, { model_name: "nope" }), CODES.NOT_FOUND, "MODEL_NOT_FOUND"],
    ["an unknown version", request(1, { model_version: "9" }), CODES.NOT_FOUND, "VERSION_NOT_FOUND"],
    ["no input", request(1, { inputs: [] }), CODES.INVALID_ARGUMENT, "INVALID_REQUEST"],
    ["two inputs", request(1, { inputs: [windows, windows] }), CODES.INVALID_ARGUMENT, "INVALID_REQUEST"],
    [
      "another datatype",
      request(1, { inputs: [{ ...windows, datatype: "INT64" }] }),
      CODES.INVALID_ARGUMENT,
      "INVALID_REQUEST",
    ],
    [
      "another shape",
      request(1, { inputs: [{ ...windows, shape: [1, 2, 4] }] }),
      CODES.INVALID_ARGUMENT,
      "SHAPE_MISMATCH",
    ],
    [
      "a negative shape",
      request(1, { inputs: [{ ...windows, shape: [-1, 4, 2] }] }),
      CODES.INVALID_ARGUMENT,
      "INVALID_REQUEST",
    ],
    ["too few bytes", request(1, { raw_input_contents: [bytes!.subarray(1)] }), 3, "INVALID_REQUEST"],
    ["two tensors of bytes", request(1, { raw_input_contents: [bytes, bytes] }), 3, "INVALID_REQUEST"],
    ["no values", request(1, { raw_input_contents: [] }), 3, "INVALID_REQUEST"],
    [
      "values of the other type",
      request(1, {
        inputs: [{ ...windows, contents: { fp64_contents: [1, 2, 3, 4, 5, 6, 7, 8] } }],
        raw_input_contents: [],
      }),
      CODES.INVALID_ARGUMENT,
      "INVALID_REQUEST",
    ],
    [
      "too few values",
      request(1, { inputs: [{ ...windows, contents: { fp32_contents: [1] } }], raw_input_contents: [] }),
      CODES.INVALID_ARGUMENT,
      "INVALID_REQUEST",
    ],
    [
      "bytes and values",
      request(1, { inputs: [{ ...windows, contents: { fp32_contents: [1] } }] }),
      CODES.INVALID_ARGUMENT,
      "INVALID_REQUEST",
    ],
    ["a long name", request(1, { id: "x".repeat(70_000) }), 3, "BODY_TOO_LARGE"],
    ["an infinite reading", request(1, { raw_input_contents: [infinite] }), 3, "NON_FINITE_VALUE"],
    ["an unknown output", request(1, { outputs: [{ name: "prediction" }] }), 3, "UNSUPPORTED_BY_MODEL"],
    ["more windows than can wait", request(51), CODES.INVALID_ARGUMENT, "TOO_MANY_WINDOWS"],
  ];
  for (const [name, message, code, reason] of cases) {
    const error = await client.refused("ModelInfer", message);
    assert.equal(error.code, code, `${name}: ${error.message}`);
    assert.deepEqual(detailsOf(error), { reason, retrySeconds: undefined }, name);
    assert.ok(error.details.length > 10, name);
  }
  const unknown = await client.refused("ModelMetadata", { name: "nope" });
  assert.equal(unknown.code, CODES.NOT_FOUND);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  assert.match(
    metrics,
    /http_requests_total\{method="POST",route="\/inference\.GRPCInferenceService\/ModelInfer",status_code="404"\} 2\n/,
  );
  const line = service.log.find(({ path }) => path === "/inference.GRPCInferenceService/ModelMetadata");
  assert.deepEqual([line!["status"], line!["grpcStatus"]], [404, CODES.NOT_FOUND]);
});

test("a message over the limit is refused as such", async (t) => {
  const { client } = await start(t, { config: { RESIDUA_BODY_LIMIT_BYTES: 100_000 } });
  const error = await client.refused("ModelInfer", request(8000));
  assert.equal(error.code, CODES.RESOURCE_EXHAUSTED);
  assert.match(error.details, /larger than max/);
  assert.ok(await client.call("ModelInfer", request(1000)));
});

test("a full queue says when to try again", async (t) => {
  const { service, client } = await start(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 64 } });
  const { begun, letGo } = holdRuns(service);
  const running = client.begin("ModelInfer", request(1)).response;
  const runningToo = client.begin("ModelInfer", request(1)).response;
  await until(() => begun() > 0);
  const waiting = client.begin("ModelInfer", request(60)).response;
  const error = await client.refused("ModelInfer", request(60));
  assert.equal(error.code, CODES.RESOURCE_EXHAUSTED);
  const { reason, retrySeconds } = detailsOf(error);
  assert.equal(reason, "QUEUE_FULL");
  assert.ok(retrySeconds! >= 1 && retrySeconds! <= 60, String(retrySeconds));
  letGo();
  await Promise.all([running, runningToo, waiting]);
});

test("calls need the API token where one is set, the probes do not", async (t) => {
  const { client } = await start(t, { config: { RESIDUA_API_TOKEN: "open-sesame" } });
  assert.deepEqual(await client.call("ServerLive"), { live: true });
  assert.deepEqual(await client.call("ServerReady"), { ready: true });
  for (const metadata of [{}, { authorization: "Bearer wrong" }, { authorization: "open-sesame" }]) {
    const error = await client.refused("ModelInfer", request(1), { metadata });
    assert.equal(error.code, CODES.UNAUTHENTICATED);
    assert.equal(detailsOf(error).reason, "UNAUTHORIZED");
  }
  assert.ok(
    await client.call("ModelInfer", request(1), { metadata: { authorization: "Bearer open-sesame" } }),
  );
});

test("the parameter timeout is a deadline in microseconds", async (t) => {
  const { client } = await start(t);
  const timeout = { timeout: { int64_param: 1 } };
  const error = await client.refused("ModelInfer", request(2000, { parameters: timeout }));
  assert.equal(error.code, CODES.DEADLINE_EXCEEDED);
  assert.equal(detailsOf(error).reason, "DEADLINE_EXCEEDED");
  const later = { timeout: { int64_param: 60_000_000 } };
  assert.ok(await client.call("ModelInfer", request(1, { parameters: later })));
});

test("a call that is cancelled, or whose deadline passes, is not run, and is no error of the service", async (t) => {
  // On a busy machine a deadline passes before the call has got to the queue: then with a later one.
  for (let patienceMs = 1000; !(await isCalledOff(t, patienceMs)); patienceMs *= 4);
});

/** False where the deadline, after so many milliseconds, passed before the call was in the queue. */
async function isCalledOff(t: TestContext, patienceMs: number): Promise<boolean> {
  const { service, client } = await start(t);
  const { begun, letGo } = holdRuns(service);
  // Two runs are under way at once; what comes then waits.
  const busy: Promise<unknown>[] = [];
  for (let runs = 1; runs <= 2; runs++) {
    busy.push(client.begin("ModelInfer", request(1)).response);
    await until(() => begun() === runs);
  }
  const cancelled = client.begin("ModelInfer", request(1));
  const late = client.refused("ModelInfer", request(1), { deadline: Date.now() + patienceMs });
  let isLate = false;
  void late.then(() => {
    isLate = true;
  });
  const metrics = async () => (await fetch(`${service.url}/metrics`)).text();
  let isQueued = false;
  while (!isQueued && !isLate) isQueued = (await metrics()).includes("residua_queue_windows 2\n");
  cancelled.cancel();
  await assert.rejects(cancelled.response, { code: CODES.CANCELLED });
  assert.equal((await late).code, CODES.DEADLINE_EXCEEDED);
  if (isQueued) {
    const path = "/inference.GRPCInferenceService/ModelInfer";
    const failed = () =>
      service.log
        .filter((line) => line["path"] === path && line["status"] !== 200)
        .map(({ level, status, grpcStatus, code }) => ({ level, status, grpcStatus, code }))
        .sort((a, b) => Number(a.status) - Number(b.status));
    // The service notices the deadline by itself, and at the latest when its turn comes that a call was cancelled.
    const passed = { level: 30, status: 504, grpcStatus: CODES.DEADLINE_EXCEEDED, code: undefined };
    await until(() => failed().some(({ status }) => status === passed.status));
    letGo();
    await Promise.all(busy);
    await until(() => failed().length === 2);
    const gone = { level: 30, status: 499, grpcStatus: CODES.CANCELLED, code: "client_gone" };
    assert.deepEqual(failed(), [gone, passed]);
    assert.equal(begun(), 2, "what nobody waits for is not run");
  }
  letGo();
  await Promise.all(busy);
  return isQueued;
}

test("the service that ends answers what is under way, and then takes no more", async (t) => {
  const { service, client } = await start(t);
  const calls = Array.from({ length: 20 }, () => client.begin("ModelInfer", request(100)).response);
  await client.call("ServerLive");
  const stopped = service.service.stop();
  assert.deepEqual(await client.call("ServerReady"), { ready: false });
  assert.equal((await Promise.all(calls)).length, 20);
  assert.equal(await stopped, true);
  const error = await client.refused("ModelInfer", request(1));
  assert.equal(error.code, CODES.UNAVAILABLE);
});

test("a port in use stops the start with its setting's name", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  await assert.rejects(
    startService(t, { contents: {}, config: { RESIDUA_GRPC_PORT: port } }),
    /^InputError: RESIDUA_GRPC_PORT cannot be listened on: .*EADDRINUSE/,
  );
});
