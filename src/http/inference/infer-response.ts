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

type Values = Float32Array | Float64Array | Uint8Array;

interface AnsweredOutput extends AskedOutput {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** By part of the result, [windows, ...]. */
  readonly values: readonly Values[];
  readonly bytes: Buffer | undefined;
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
      bytes: isBinary ? encode(values, datatype) : undefined,
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
      yield Buffer.from(`${before},"parameters":{"binary_data_size":${bytes.length}}}`);
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
  yield Buffer.concat([header, ...outputs.flatMap(({ bytes }) => bytes ?? [])]);
}

/** Little-endian, as every machine is that runs this. */
function encode(parts: readonly Values[], datatype: Datatype): Buffer {
  return Buffer.concat(
    parts.map((values) => {
      const typed =
        datatype === "BOOL" ? values : datatype === "FP64" ? toDoubles(values) : toSingles(values);
      return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
    }),
  );
}

function toSingles(values: Values): Float32Array {
  return values instanceof Float32Array ? values : new Float32Array(values);
}

function toDoubles(values: Values): Float64Array {
  return values instanceof Float64Array ? values : new Float64Array(values);
}
