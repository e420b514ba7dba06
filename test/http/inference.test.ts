import assert from "node:assert/strict";
import { test } from "node:test";
import {
  binaryBody,
  decode,
  flat,
  type Inferred,
  infer,
  inferred,
  input,
  type Output,
  windows,
} from "./inference-client.js";
import { startService } from "./running-service.js";

test("server, models and their readiness", async (t) => {
  const { url } = await startService(t);
  const get = async (path: string) => {
    const response = await fetch(`${url}/v2${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  assert.equal((await get("")).body["name"], "residua");
  assert.deepEqual((await get("/")).body["extensions"], ["binary_tensor_data", "model_repository"]);
  for (const [path, body] of [
    ["/health/live", { live: true }],
    ["/health/ready", { ready: true }],
    ["/models/small/ready", { name: "small", ready: true }],
    ["/models/small/versions/1/ready", { name: "small", ready: true }],
  ] as const) {
    assert.deepEqual(await get(path), { status: 200, body }, path);
  }
  for (const path of ["/models/nope/ready", "/models/small/versions/2/ready", "/models/nope", "/nope"]) {
    const { status, body } = await get(path);
    assert.equal(status, 404, path);
    assert.deepEqual(Object.keys(body), ["error"]);
  }
  const { body } = await get("/models/composite");
  assert.deepEqual(body["versions"], ["1"]);
  const features = [
    { name: "temperature", unit: "°C" },
    { name: "pressure", unit: null },
  ];
  assert.deepEqual(body["inputs"], [
    { name: "windows", datatype: "FP32", shape: [-1, 4, 2], parameters: { features } },
  ]);
  const manifest = await (await fetch(`${url}/v1/models/composite`)).json();
  assert.deepEqual((manifest as { features: unknown }).features, features);
  const outputs = body["outputs"] as Output[];
  assert.deepEqual(
    outputs.map(({ name }) => name),
    [
      "reconstruction",
      "prediction",
      "timestep_error",
      "feature_error",
      "score",
      "coverage",
      "embedding",
      "p_value",
      "anomalous",
    ],
  );
  assert.deepEqual(outputs[1]?.shape, [-1, 3, 2]);
  const index = await fetch(`${url}/v2/repository/index`, { method: "POST" });
  assert.deepEqual(await index.json(), [
    { name: "composite", version: "1", state: "READY", reason: "" },
    { name: "small", version: "1", state: "READY", reason: "" },
  ]);
});

test("JSON in and out gives the native numbers; data may be nested, null is missing", async (t) => {
  const service = await startService(t);
  const include = ["reconstruction", "prediction", "timestepError", "featureError", "embedding"];
  const native = (await (await service.score("composite", { windows, include })).json()) as {
    windows: Record<string, unknown>[];
  };
  const outputs = [
    "reconstruction",
    "prediction",
    "timestep_error",
    "feature_error",
    "score",
    "p_value",
    "anomalous",
    "coverage",
    "embedding",
  ];
  const answer = await inferred(
    await infer(service, "composite", {
      id: "seven",
      inputs: [input({ data: windows })],
      outputs: outputs.map((name) => ({ name })),
    }),
  );
  assert.equal(answer.id, "seven");
  assert.equal(answer.model_name, "composite");
  assert.equal(answer.model_version, "1");
  assert.deepEqual(
    answer.outputs.map(({ name }) => name),
    outputs,
  );
  const keys = [
    "reconstruction",
    "prediction",
    "timestepError",
    "featureError",
    "score",
    "pValue",
    "anomalous",
    "coverage",
    "embedding",
  ];
  for (const [i, key] of keys.entries()) {
    const expected = native.windows.flatMap((window) => [window[key]].flat(2)) as (number | boolean | null)[];
    const { data, shape, name } = answer.outputs[i]!;
    assert.equal(
      data!.length,
      shape.reduce((a, b) => a * b, 1),
    );
    for (const [j, value] of data!.entries()) {
      const wanted = expected[j]!;
      if (typeof wanted !== "number") assert.equal(value, wanted, name);
      else assert.ok(Math.abs(Number(value) - wanted) <= 2e-7 * Math.max(1, Math.abs(wanted)), name);
    }
  }
  const inFlat = await inferred(await infer(service, "composite", { inputs: [input()] }));
  assert.deepEqual(
    inFlat.outputs.map(({ name }) => name),
    ["reconstruction", "prediction", "timestep_error", "score", "anomalous"],
  );
  assert.deepEqual(inFlat.outputs[3], answer.outputs[4]);
});

test("tensors travel as bytes both ways; NaN is missing", async (t) => {
  const service = await startService(t);
  const names = ["reconstruction", "timestep_error", "score", "p_value", "anomalous"];
  const json = await inferred(
    await infer(service, "small", { inputs: [input()], outputs: names.map((name) => ({ name })) }),
  );
  const doubles = Float64Array.from(flat, (value) => value ?? Number.NaN);
  for (const tensor of [doubles, new Float32Array(doubles)]) {
    const datatype = tensor instanceof Float32Array ? "FP32" : "FP64";
    const parameters = { binary_data_size: tensor.byteLength };
    const { bytes, headers } = binaryBody(
      {
        inputs: [{ name: "windows", shape: [3, 4, 2], datatype, parameters }],
        outputs: names.map((name) => ({ name, parameters: { binary_data: true } })),
      },
      tensor,
    );
    const response = await infer(service, "small", bytes, {
      ...headers,
      "content-type": "application/octet-stream",
    });
    const tensors = await decode(response);
    for (const { name, data } of json.outputs) {
      for (const [i, value] of data!.entries()) {
        const found = tensors.get(name)![i]!;
        if (typeof value === "number") {
          assert.ok(Math.abs(found - value) <= 2e-7 * Math.max(1, Math.abs(value)), name);
        } else if (value === null) assert.ok(Number.isNaN(found));
        else assert.equal(found, value ? 1 : 0);
      }
    }
  }
});

test("binary_data_output makes every output binary that does not say otherwise", async (t) => {
  const service = await startService(t, { contents: { small: {} } });
  const all = await decode(
    await infer(service, "small", { parameters: { binary_data_output: true }, inputs: [input()] }),
  );
  assert.deepEqual([...all.keys()], ["reconstruction", "timestep_error", "score", "anomalous"]);
  const mixed = await infer(service, "small", {
    parameters: { binary_data_output: true },
    inputs: [input()],
    outputs: [{ name: "score" }, { name: "anomalous", parameters: { binary_data: false } }],
  });
  const bytes = Buffer.from(await mixed.arrayBuffer());
  const length = Number(mixed.headers.get("inference-header-content-length"));
  const { outputs } = JSON.parse(bytes.toString("utf8", 0, length)) as Inferred;
  assert.equal(outputs[0]?.parameters?.binary_data_size, 12);
  assert.equal(outputs[1]?.data?.length, 3);
  assert.equal(bytes.length, length + 12);
});

test("datatypes of answers are those of the metadata: FP64 where float32 would lose the signal", async (t) => {
  // Around 100 000, float32 has steps of 1/128: nothing beside 300. Around 1e9 it has steps of 64: more than 5.
  const scalers = { small: [1e5, 300], large: [1e9, 5], just: [1679, 1], below: [-1677, 1] } as const;
  const contents = Object.fromEntries(
    Object.entries(scalers).map(([name, [offset, scale]]) => [
      name,
      { scaler: { kind: "standard", offset: [20, offset], scale: [2, scale] } as const },
    ]),
  );
  const service = await startService(t, { contents });
  for (const [name, [level, scale]] of Object.entries(scalers)) {
    const wanted = name === "large" || name === "just" ? "FP64" : "FP32";
    const metadata = (await (await fetch(`${service.url}/v2/models/${name}`)).json()) as {
      inputs: Output[];
      outputs: Output[];
    };
    assert.deepEqual(
      metadata.inputs.map(({ datatype }) => datatype),
      [wanted],
      name,
    );
    const outputs = metadata.outputs.map(({ name }) => ({ name }));
    const window = [0, 1, -1, 2].flatMap((step) => [20 + step, level + step * scale]);
    for (const datatype of ["FP32", "FP64"]) {
      const one = { name: "windows", shape: [1, 4, 2], datatype, data: window };
      const answer = await inferred(await infer(service, name, { inputs: [one], outputs }));
      for (const output of answer.outputs) {
        const described = metadata.outputs.find((tensor) => tensor.name === output.name);
        assert.equal(output.datatype, described?.datatype, `${name} ${output.name}`);
      }
      // In JSON data have all digits of their datatype: the level's neighbours, not one number.
      const { data } = answer.outputs.find((tensor) => tensor.name === "reconstruction")!;
      const second = data!.filter((_, i) => i % 2 === 1) as number[];
      assert.equal(new Set(second).size, 4, `${name}: ${second}`);
    }
  }
});

test("what a bundle cannot give is neither listed nor answered", async (t) => {
  const service = await startService(t, { contents: { small: { calibration: undefined, threshold: null } } });
  const metadata = (await (await fetch(`${service.url}/v2/models/small`)).json()) as { outputs: Output[] };
  const names = metadata.outputs.map(({ name }) => name);
  assert.ok(!names.includes("p_value") && !names.includes("anomalous"));
  const { outputs } = await inferred(await infer(service, "small", { inputs: [input()] }));
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ["reconstruction", "timestep_error", "score"],
  );
  const refused = await infer(service, "small", { inputs: [input()], outputs: [{ name: "anomalous" }] });
  assert.equal(refused.status, 422);
});
