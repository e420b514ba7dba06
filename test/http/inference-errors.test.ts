import assert from "node:assert/strict";
import { test } from "node:test";
import { binaryBody, flat, infer, inferred, input } from "./inference-client.js";
import { startService } from "./running-service.js";

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
    [
      "transposed data",
      400,
      { inputs: [input({ data: [0, 1, 2].map(() => [0, 1].map(() => [1, 2, 3, 4])) })] },
    ],
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
    ["not what its encoding says", 400, { inputs: [input()] }, { "content-encoding": "gzip" }],
    ["an unknown encoding", 415, { inputs: [input()] }, { "content-encoding": "zstd" }],
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
