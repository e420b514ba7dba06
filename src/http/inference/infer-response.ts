/** The bytes of an inference response: JSON, or JSON with the bytes of the tensors behind it. */
import type { WindowsResult } from "../../serving/score-result.js";
import { joinChunks } from "../body-chunks.js";
import type { OutputTensor } from "../model-answers.js";
import { writeDoubles, writeScores } from "../wire/timestep-writer.js";

/** One output of the response. */
export interface AskedOutput {
  readonly tensor: OutputTensor;
  readonly isBinary: boolean;
}

export interface InferAnswer {
  /** Length of the JSON in front of binary data; undefined where there is none. */
  readonly headerLength: number | undefined;
  readonly chunks: Generator<Uint8Array, void>;
}

/** Values of a chunk. */
const CHUNK_VALUES = 16_384;

const BYTES = { FP32: 4, FP64: 8, BOOL: 1 } as const;
type Datatype = keyof typeof BYTES;

type Values = Float32Array | Float64Array | Uint8Array;

/** An output with its values. */
export interface AnsweredTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** For each slice of the result: [its windows, ...]. */
  readonly values: readonly Values[];
}

interface AnsweredOutput extends AnsweredTensor {
  readonly isBinary: boolean;
}

/** The values of an output, and how they are described. */
export function answeredTensor(result: WindowsResult, tensor: OutputTensor): AnsweredTensor {
  return {
    name: tensor.name,
    datatype: tensor.datatype,
    shape: [result.count, ...tensor.shape],
    values: result.slices.map((slice) => tensor.values(slice)),
  };
}

/** How many bytes `encodeTensor` writes. */
export function bytesOf({ values, datatype }: AnsweredTensor): number {
  return values.reduce((sum, { length }) => sum + length, 0) * BYTES[datatype];
}

/** Writes the values of all slices, little-endian, from offset `at` on; a BOOL is one byte. */
export function encodeTensor({ values, datatype }: AnsweredTensor, bytes: Buffer, at = 0): void {
  for (const some of values) {
    encode(some, datatype, bytes, at);
    at += some.length * BYTES[datatype];
  }
}

/** @param id the request's own, which is given back. */
export function inferResponse(
  result: WindowsResult,
  asked: readonly AskedOutput[],
  id: string | undefined,
): InferAnswer {
  const outputs = asked.map(
    ({ tensor, isBinary }): AnsweredOutput => ({ ...answeredTensor(result, tensor), isBinary }),
  );
  const json = joinChunks(jsonChunks(result, outputs, id));
  if (!outputs.some(({ isBinary }) => isBinary)) return { headerLength: undefined, chunks: json };
  const header = Buffer.concat([...json]);
  return { headerLength: header.length, chunks: tensorChunks(header, outputs) };
}

function* jsonChunks(
  { model }: WindowsResult,
  outputs: readonly AnsweredOutput[],
  id: string | undefined,
): Generator<Uint8Array, void> {
  const head = JSON.stringify({ model_name: model.name, model_version: model.version, id });
  yield Buffer.from(`${head.slice(0, -1)},"outputs":[`);
  for (const [i, output] of outputs.entries()) {
    const { name, datatype, shape, values, isBinary } = output;
    const text = JSON.stringify({ name, datatype, shape });
    const before = `${i === 0 ? "" : ","}${text.slice(0, -1)}`;
    if (isBinary) {
      yield Buffer.from(`${before},"parameters":{"binary_data_size":${bytesOf(output)}}}`);
      continue;
    }
    yield Buffer.from(`${before},"data":[`);
    for (const [slice, some] of values.entries()) {
      if (slice > 0) yield Buffer.from(",");
      yield* dataChunks(some, datatype);
    }
    yield Buffer.from("]}");
  }
  yield Buffer.from("]}");
}

function* dataChunks(values: Values, datatype: Datatype): Generator<Uint8Array, void> {
  for (let from = 0; from < values.length; from += CHUNK_VALUES) {
    if (from > 0) yield Buffer.from(",");
    const some = values.subarray(from, from + CHUNK_VALUES);
    if (datatype === "BOOL") yield Buffer.from(Array.from(some, (value) => value === 1).join(","));
    else if (datatype === "FP64") yield writeDoubles(new Float64Array(some));
    else yield writeScores(new Float64Array(some));
  }
}

function* tensorChunks(header: Buffer, outputs: readonly AnsweredOutput[]): Generator<Uint8Array, void> {
  const binary = outputs.filter(({ isBinary }) => isBinary);
  const total = binary.reduce((sum, output) => sum + bytesOf(output), header.length);
  const whole = Buffer.allocUnsafe(total);
  header.copy(whole);
  let at = header.length;
  for (const output of binary) {
    encodeTensor(output, whole, at);
    at += bytesOf(output);
  }
  yield whole;
}

/** Writes numbers little-endian from offset `at` on. */
function encode(values: Values, datatype: Datatype, bytes: Buffer, at: number): void {
  if (values.BYTES_PER_ELEMENT === BYTES[datatype]) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (datatype === "FP64") for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i]!, true);
  else for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
}
