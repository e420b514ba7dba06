/** The bytes of an inference response: JSON, or JSON with the tensors' bytes behind it. */
import type { WindowsResult } from "../../serving/score-result.js";
import { joinParts } from "../body-parts.js";
import { writeDoubles, writeScores } from "../wire/timestep-writer.js";
import type { Datatype, OutputTensor } from "./outputs.js";

/** An output as it was asked for. */
export interface AskedOutput {
  readonly tensor: OutputTensor;
  readonly isBinary: boolean;
}

export interface InferAnswer {
  /** Length of the JSON in front of binary data; undefined where there is none. */
  readonly headerLength: number | undefined;
  readonly parts: Generator<Uint8Array, void>;
}

/** Values that are written without a pause. */
const PART_VALUES = 16_384;

const BYTES = { FP32: 4, FP64: 8, BOOL: 1 } as const;

type Values = Float32Array | Float64Array | Uint8Array;

interface AnsweredOutput extends AskedOutput {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** By part of the result, [windows, ...]. */
  readonly values: readonly Values[];
  /** Undefined where they are part of the JSON. */
  readonly bytes: number | undefined;
}

/** @param isDouble whether the heads, which are in the caller's units, keep the digits of a double. */
export function inferResponse(
  result: WindowsResult,
  asked: readonly AskedOutput[],
  id: string | undefined,
  isDouble: boolean,
): InferAnswer {
  const outputs = asked.map(({ tensor, isBinary }): AnsweredOutput => {
    const datatype = tensor.includes.length > 0 && isDouble ? "FP64" : tensor.datatype;
    const values = result.parts.map((part) => tensor.values(part));
    const shape = [result.count, ...tensor.shape];
    return {
      tensor,
      isBinary,
      datatype,
      shape,
      values,
      bytes: isBinary ? values.reduce((sum, { length }) => sum + length, 0) * BYTES[datatype] : undefined,
    };
  });
  const json = joinParts(jsonParts(result, outputs, id));
  if (!outputs.some(({ isBinary }) => isBinary)) return { headerLength: undefined, parts: json };
  const header = Buffer.concat([...json]);
  return { headerLength: header.length, parts: tensorParts(header, outputs) };
}

function* jsonParts(
  { model, parts }: WindowsResult,
  outputs: readonly AnsweredOutput[],
  id: string | undefined,
): Generator<Uint8Array, void> {
  const head = JSON.stringify({ model_name: model.name, model_version: model.version, id });
  yield Buffer.from(`${head.slice(0, -1)},"outputs":[`);
  for (const [i, { tensor, datatype, shape, values, bytes }] of outputs.entries()) {
    const text = JSON.stringify({ name: tensor.name, datatype, shape });
    const before = `${i === 0 ? "" : ","}${text.slice(0, -1)}`;
    if (bytes !== undefined) {
      yield Buffer.from(`${before},"parameters":{"binary_data_size":${bytes}}}`);
      continue;
    }
    yield Buffer.from(`${before},"data":[`);
    for (let part = 0; part < parts.length; part++) {
      if (part > 0) yield Buffer.from(",");
      yield* dataParts(values[part]!, datatype);
    }
    yield Buffer.from("]}");
  }
  yield Buffer.from("]}");
}

function* dataParts(values: Values, datatype: Datatype): Generator<Uint8Array, void> {
  for (let from = 0; from < values.length; from += PART_VALUES) {
    if (from > 0) yield Buffer.from(",");
    const part = values.subarray(from, from + PART_VALUES);
    if (datatype === "BOOL") yield Buffer.from(Array.from(part, (value) => value === 1).join(","));
    else if (datatype === "FP64") yield writeDoubles(new Float64Array(part));
    else yield writeScores(new Float64Array(part));
  }
}

function* tensorParts(header: Buffer, outputs: readonly AnsweredOutput[]): Generator<Uint8Array, void> {
  const total = outputs.reduce((sum, { bytes = 0 }) => sum + bytes, header.length);
  const whole = Buffer.allocUnsafe(total);
  header.copy(whole);
  let at = header.length;
  for (const { isBinary, values, datatype } of outputs) {
    if (!isBinary) continue;
    for (const part of values) {
      encode(part, datatype, whole, at);
      at += part.length * BYTES[datatype];
    }
  }
  yield whole;
}

/** Little-endian, from `at` on. */
function encode(values: Values, datatype: Datatype, bytes: Buffer, at: number): void {
  if (values.BYTES_PER_ELEMENT === BYTES[datatype]) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (datatype === "FP64") for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i]!, true);
  else for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
}
