import assert from "node:assert/strict";
import { test } from "node:test";
import { type RunningService, startService, WINDOW } from "./running-service.js";

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data?: (number | boolean | null)[];
  readonly parameters?: { binary_data_size: number };
}
interface Inferred {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: Output[];
}

const windows = [
  WINDOW,
  WINDOW.map(([a, b], t) => [a! + 1, t === 2 ? null : b!]),
  WINDOW.map(([a, b]) => [a!, b! - 50]),
];
const flat = windows.flat(2);
const input = (more: object = {}) => ({
  name: "windows",
  shape: [3, 4, 2],
  datatype: "FP64",
  data: flat,
  ...more,
});

async function infer(
  { url }: RunningService,
  model: string,
  body: object | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/v2/models/${model}/infer`, {
    method: "POST",
    headers,
    body: body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)),
  });
}

const inferred = async (response: Response): Promise<Inferred> => {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Inferred;
};

/** JSON with the bytes of one tensor behind it. */
function binaryBody(header: object, tensor: Float32Array | Float64Array) {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.concat([json, new Uint8Array(tensor.buffer)]);
  return { bytes, headers: { "inference-header-content-length": String(json.length) } };
}

/** What came back, with the tensors decoded. */
async function decode(response: Response): Promise<Map<string, ArrayLike<number>>> {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  const bytes = Buffer.from(await response.arrayBuffer());
  let at = Number(response.headers.get("inference-header-content-length"));
  const { outputs } = JSON.parse(bytes.toString("utf8", 0, at)) as Inferred;
  const tensors = new Map<string, ArrayLike<number>>();
  for (const { name, datatype, parameters, shape } of outputs) {
    const part = new Uint8Array(bytes.subarray(at, at + parameters!.binary_data_size));
    at += parameters!.binary_data_size;
    const values =
      datatype === "FP32"
        ? new Float32Array(part.buffer)
        : datatype === "FP64"
          ? new Float64Array(part.buffer)
          : part;
    assert.equal(
      values.length,
      shape.reduce((a, b) => a * b, 1),
      name,
    );
    tensors.set(name, values);
  }
  assert.equal(at, bytes.length);
  return tensors;
}

test("server, models and their readiness", async (t) => {
  const { url } = await startService(t);
  const get = async (path: string) => {
    const response = await fetch(`${url}/v2${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  assert.equal((await get("")).body["name"], "residua");
  assert.deepEqual((await get("/")).body["extensions"], ["binary_tensor_data", "model_repository"]);
  for (const path of [
    "/health/live",
    "/health/ready",
    "/models/small/ready",
    "/models/small/versions/1/ready",
  ]) {
    assert.equal((await get(path)).status, 200, path);
  }
  for (const path of ["/models/nope/ready", "/models/small/versions/2/ready", "/models/nope", "/nope"]) {
    const { status, body } = await get(path);
    assert.equal(status, 404, path);
    assert.deepEqual(Object.keys(body), ["error"]);
  }
  const { body } = await get("/models/composite");
  assert.deepEqual(body["versions"], ["1"]);
  assert.deepEqual(body["inputs"], [{ name: "windows", datatype: "FP32", shape: [-1, 4, 2] }]);
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

test("errors are one member, with the statuses of the native routes", async (t) => {
  const service = await startService(t, {
    contents: { small: {} },
    config: { RESIDUA_MAX_QUEUE_WINDOWS: 50 },
  });
  const tensor = new Float32Array(24);
  const size = { binary_data_size: 96 };
  const binary = (header: object, headerLength?: string) => {
    const { bytes, headers } = binaryBody(header, tensor);
    return {
      bytes,
      headers: {
        "inference-header-content-length": headerLength ?? headers["inference-header-content-length"],
      },
    };
  };
  const one = { name: "windows", shape: [3, 4, 2], datatype: "FP32" };
  const infinite = new Float32Array(24).fill(Number.POSITIVE_INFINITY);
  const cases: [string, number, object | Uint8Array, Record<string, string>?][] = [
    ["no inputs", 400, {}],
    ["empty inputs", 400, { inputs: [] }],
    ["two inputs", 400, { inputs: [input(), input()] }],
    ["another input", 400, { inputs: [input({ name: "x" })] }],
    ["another datatype", 400, { inputs: [input({ datatype: "INT32" })] }],
    ["no data", 400, { inputs: [one] }],
    ["data of another length", 400, { inputs: [input({ data: [1, 2] })] }],
    ["a string", 400, { inputs: [input({ data: flat.map(String) })] }],
    ["deep data", 400, { inputs: [input({ data: [[[[1]]]] })] }],
    ["another shape", 422, { inputs: [input({ shape: [4, 3, 2] })] }],
    ["a flat shape", 422, { inputs: [input({ shape: [24] })] }],
    ["no windows", 400, { inputs: [input({ shape: [0, 4, 2], data: [] })] }],
    ["too many windows", 413, { inputs: [input({ shape: [51, 4, 2] })] }],
    ["an unknown output", 422, { inputs: [input()], outputs: [{ name: "prediction" }] }],
    ["not JSON", 400, Buffer.from("{")],
    ["1e999", 400, Buffer.from(JSON.stringify({ inputs: [input()] }).replace("20", "1e999"))],
    ["bytes without the header", 400, binary({ inputs: [{ ...one, parameters: size }] }).bytes],
    ...(
      [
        ["a wrong size", { inputs: [{ ...one, parameters: { binary_data_size: 95 } }] }],
        ["data and bytes", { inputs: [input({ parameters: size })] }],
        ["bytes of nobody", { inputs: [input()] }],
      ] as const
    ).map(([name, header]): (typeof cases)[number] => {
      const { bytes, headers } = binary(header);
      return [name, 400, bytes, headers];
    }),
    ["a length beyond the body", 400, { inputs: [input()] }, { "inference-header-content-length": "100000" }],
    ["a length that is none", 400, { inputs: [input()] }, { "inference-header-content-length": "x" }],
    ["compressed", 415, { inputs: [input()] }, { "content-encoding": "gzip" }],
    ["a deadline that passed", 504, { inputs: [input()] }, { "x-request-timeout-ms": "0" }],
  ];
  const { bytes, headers } = binaryBody({ inputs: [{ ...one, parameters: size }] }, infinite);
  cases.push(["an infinite reading", 400, bytes, headers]);
  for (const [name, status, body, headers] of cases) {
    const response = await infer(service, "small", body, headers);
    const text = await response.text();
    assert.equal(response.status, status, `${name}: ${text}`);
    assert.deepEqual(Object.keys(JSON.parse(text) as object), ["error"], name);
    assert.ok(response.headers.has("x-request-id"));
  }
  await inferred(await infer(service, "small", { inputs: [input()] }));
});
