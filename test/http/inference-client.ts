/** A client of the Open Inference Protocol, for tests. */
import assert from "node:assert/strict";
import { type RunningService, WINDOW } from "./running-service.js";

export interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data?: (number | boolean | null)[];
  readonly parameters?: { binary_data_size: number };
}
export interface Inferred {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: Output[];
}

/** Three windows of the small models, one reading missing. */
export const windows = [
  WINDOW,
  WINDOW.map(([a, b], t) => [a! + 1, t === 2 ? null : b!]),
  WINDOW.map(([a, b]) => [a!, b! - 50]),
];
export const flat = windows.flat(2);
/** The input of an inference request with those windows. */
export const input = (more: object = {}) => ({
  name: "windows",
  shape: [3, 4, 2],
  datatype: "FP64",
  data: flat,
  ...more,
});

export async function infer(
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

export const inferred = async (response: Response): Promise<Inferred> => {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Inferred;
};

/** JSON with the bytes of one tensor behind it. */
export function binaryBody(header: object, tensor: Float32Array | Float64Array) {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.concat([json, new Uint8Array(tensor.buffer)]);
  return { bytes, headers: { "inference-header-content-length": String(json.length) } };
}

/** What came back, with the tensors decoded. */
export async function decode(response: Response): Promise<Map<string, ArrayLike<number>>> {
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
