/** Inference over gRPC, as a client of @grpc/grpc-js sees it. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { flat, infer, inferred, input } from "../inference-client.js";
import { type StartOptions, startService } from "../running-service.js";
import { connect } from "./grpc-client.js";

interface OutputMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly contents: { fp32_contents: number[]; fp64_contents: number[]; bool_contents: boolean[] } | null;
}
interface Inferred {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: OutputMessage[];
  readonly raw_output_contents: Buffer[];
}

/** The readings of three windows; the missing one is NaN. */
const readings = flat.map((value) => value ?? Number.NaN);
const bytesOf = (values: Float32Array | Float64Array) => Buffer.from(values.buffer);
const head = { name: "windows", datatype: "FP64", shape: [3, 4, 2] };

async function start(t: TestContext, options: StartOptions = {}) {
  const service = await startService(t, {
    ...options,
    config: { RESIDUA_GRPC_PORT: 0, ...options.config },
  });
  return { service, client: connect(t, service.service.grpc!.port) };
}

test("server, models and their readiness are those of REST", async (t) => {
  const { service, client } = await start(t);
  const rest = async (path: string, method = "GET"): Promise<unknown> =>
    (await fetch(`${service.url}/v2${path}`, { method })).json();
  assert.deepEqual(await client.call("ServerLive"), { live: true });
  assert.deepEqual(await client.call("ServerReady"), { ready: true });
  for (const [name, version, ready] of [
    ["small", "", true],
    ["small", "1", true],
    ["small", "2", false],
    ["nope", "", false],
  ]) {
    assert.deepEqual(await client.call("ModelReady", { name, version }), { ready }, `${name} ${version}`);
  }
  assert.deepEqual(await client.call("ServerMetadata"), await rest(""));
  // The message has no parameters of inputs, where REST names the features.
  const { inputs, ...metadata } = (await rest("/models/composite")) as { inputs: { parameters: unknown }[] };
  assert.deepEqual(await client.call("ModelMetadata", { name: "composite" }), {
    ...metadata,
    inputs: inputs.map(({ parameters: _, ...tensor }) => tensor),
  });
  assert.deepEqual(
    (await client.call<{ models: unknown }>("RepositoryIndex")).models,
    await rest("/repository/index", "POST"),
  );
});

test("raw and typed windows are answered alike, with the numbers of REST; NaN is missing", async (t) => {
  const { service, client } = await start(t);
  const binary = { parameters: { binary_data_output: false } };
  const expected = await inferred(
    await infer(service, "composite", { id: "7", inputs: [input()], ...binary }),
  );
  const request = { model_name: "composite", id: "7" };
  const raw = await client.call<Inferred>("ModelInfer", {
    ...request,
    inputs: [head],
    raw_input_contents: [bytesOf(Float64Array.from(readings))],
  });
  const typed = await client.call<Inferred>("ModelInfer", {
    ...request,
    inputs: [{ ...head, contents: { fp64_contents: readings } }],
  });
  for (const answer of [raw, typed]) {
    assert.deepEqual([answer.model_name, answer.model_version, answer.id], ["composite", "1", "7"]);
    assert.deepEqual(
      answer.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      expected.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    );
  }
  assert.deepEqual(typed.raw_output_contents, []);
  for (const [i, { name, datatype, data }] of expected.outputs.entries()) {
    const { contents } = typed.outputs[i]!;
    assert.equal(raw.outputs[i]!.contents, null);
    const bytes = raw.raw_output_contents[i]!;
    const typedValues =
      datatype === "BOOL"
        ? contents!.bool_contents.map(Number)
        : datatype === "FP64"
          ? contents!.fp64_contents
          : contents!.fp32_contents;
    const width = { BOOL: 1, FP32: 4, FP64: 8 }[datatype]!;
    assert.equal(bytes.length, data!.length * width, name);
    const rawValues = data!.map((_, at) =>
      datatype === "BOOL"
        ? bytes[at]!
        : datatype === "FP64"
          ? bytes.readDoubleLE(8 * at)
          : bytes.readFloatLE(4 * at),
    );
    assert.deepEqual(rawValues, typedValues, name);
    for (const [at, value] of data!.entries()) {
      if (value === null) assert.ok(Number.isNaN(rawValues[at]), name);
      // JSON has the digits that an FP32 carries.
      else {
        const wanted = Number(value);
        assert.ok(Math.abs(rawValues[at]! - wanted) <= 2e-7 * Math.max(1, Math.abs(wanted)), name);
      }
    }
  }
});

test("a model whose signal float32 would lose says FP64 and answers in it, whatever the windows came as", async (t) => {
  const scaler = { kind: "standard", offset: [20, 1e9], scale: [2, 5] } as const;
  const { client } = await start(t, { contents: { large: { scaler } } });
  type Described = { readonly name: string; readonly datatype: string };
  const metadata = await client.call<{ inputs: Described[]; outputs: Described[] }>("ModelMetadata", {
    name: "large",
  });
  assert.equal(metadata.inputs[0]!.datatype, "FP64");
  const types = new Map(metadata.outputs.map(({ name, datatype }) => [name, datatype]));
  assert.equal(types.get("reconstruction"), "FP64");
  for (const values of [Float32Array.from(readings), Float64Array.from(readings)]) {
    const { outputs } = await client.call<Inferred>("ModelInfer", {
      model_name: "large",
      inputs: [{ ...head, datatype: values instanceof Float32Array ? "FP32" : "FP64" }],
      outputs: [...types.keys()].map((name) => ({ name })),
      raw_input_contents: [bytesOf(values)],
    });
    assert.deepEqual(new Map(outputs.map(({ name, datatype }) => [name, datatype])), types);
  }
});

test("FP32 windows are answered in FP32; only the outputs asked for come, in their order", async (t) => {
  const { client } = await start(t);
  const request = {
    model_name: "small",
    model_version: "1",
    outputs: [{ name: "score" }, { name: "reconstruction" }],
  };
  const fp32 = { ...head, datatype: "FP32" };
  const raw = await client.call<Inferred>("ModelInfer", {
    ...request,
    inputs: [fp32],
    raw_input_contents: [bytesOf(Float32Array.from(readings))],
  });
  assert.deepEqual(
    raw.outputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
    [
      ["score", "FP32", [3]],
      ["reconstruction", "FP32", [3, 4, 2]],
    ],
  );
  assert.deepEqual(
    raw.raw_output_contents.map(({ length }) => length),
    [12, 96],
  );
  const typed = await client.call<Inferred>("ModelInfer", {
    ...request,
    inputs: [{ ...fp32, contents: { fp32_contents: readings } }],
  });
  const score = raw.raw_output_contents[0]!;
  assert.deepEqual(
    typed.outputs[0]!.contents!.fp32_contents,
    [0, 4, 8].map((at) => score.readFloatLE(at)),
  );
});

test("a request of several slices is answered as its windows one by one", async (t) => {
  const { client } = await start(t, { config: { RESIDUA_MAX_QUEUE_WINDOWS: 100_000 } });
  const count = 40_000;
  const many = Float32Array.from({ length: count * 8 }, (_, i) =>
    i % 2 === 0 ? 20 + (i % 7) : 1e5 + (i % 5),
  );
  const ask = (values: Float32Array) =>
    client.call<Inferred>("ModelInfer", {
      model_name: "small",
      inputs: [{ name: "windows", datatype: "FP32", shape: [values.length / 8, 4, 2] }],
      outputs: [{ name: "score" }],
      raw_input_contents: [bytesOf(values)],
    });
  const all = (await ask(many)).raw_output_contents[0]!;
  assert.equal(all.length, 4 * count);
  for (const window of [0, 16_384, count - 1]) {
    const one = (await ask(many.slice(window * 8, window * 8 + 8))).raw_output_contents[0]!;
    assert.deepEqual(one, all.subarray(4 * window, 4 * window + 4), `window ${window}`);
  }
});
