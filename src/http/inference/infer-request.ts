/** Reads the body of an inference request: JSON, or JSON with the bytes of the tensor behind it. */
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { ResiduaError } from "../../errors.js";
import { type Arrays, OWN_ARRAYS } from "../../scoring/arrays.js";
import { checkMembers, nonFinite, parseJson } from "../json-body.js";
import { refuseTooManyParts } from "../json-parts.js";
import type { ScoreLimits } from "../score-request.js";
import { INPUT_NAME, type InferRequest, InferRequestSchema } from "./infer-schema.js";
import { readTensorData } from "./tensor-data.js";

export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

export interface InferBody {
  readonly kind: "infer";
  readonly id: string | undefined;
  readonly count: number;
  /** [count, T, F]; NaN = missing. */
  readonly values: Float64Array;
  /** The names of the outputs asked for; undefined where the request names none. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs are binary by default. */
  readonly isBinary: boolean;
  /** The `timeout` parameter of NVIDIA's clients, which is in microseconds. */
  readonly timeoutMs: number | undefined;
}

type Input = InferRequest["inputs"][number];

const check = TypeCompiler.Compile(InferRequestSchema);
const BYTES = { FP32: 4, FP64: 8 } as const;
type InputDatatype = keyof typeof BYTES;

/**
 * Reads the body of an inference request.
 *
 * @param headerLength the length of the JSON in front of binary data, as `Inference-Header-Content-Length`
 *   says; undefined where the whole body is JSON.
 * @param arrays where the array of binary readings may come from.
 * @throws ResiduaError INVALID_JSON, INVALID_REQUEST, NON_FINITE_VALUE, SHAPE_MISMATCH, TOO_MANY_WINDOWS.
 */
export function readInferRequest(
  body: Uint8Array,
  headerLength: number | undefined,
  limits: ScoreLimits,
  arrays: Arrays = OWN_ARRAYS,
): InferBody {
  if (headerLength !== undefined && headerLength > body.length) {
    throw wrong(`Inference-Header-Content-Length is ${headerLength}, the body has ${body.length} bytes.`);
  }
  const json = body.subarray(0, headerLength ?? body.length);
  refuseTooManyParts(json, limits);
  const request = checkMembers(check, parseJson(json));
  const { input, datatype, count } = onlyInput(request.inputs, limits);
  const binary = headerLength === undefined ? undefined : body.subarray(headerLength);
  const values = readValues(input, datatype, count * limits.timesteps * limits.features, binary, arrays);
  const isBinary = request.parameters?.["binary_data_output"] === true;
  return {
    kind: "infer",
    id: request.id,
    count,
    values,
    outputs: request.outputs?.map(({ name, parameters }) => ({
      name,
      isBinary: (parameters?.["binary_data"] ?? isBinary) === true,
    })),
    isBinary,
    timeoutMs: timeoutOf(request),
  };
}

/** What REST and gRPC say alike about an input. */
export interface InputHead {
  readonly name: string;
  readonly datatype: string;
  /** [n, T, F] */
  readonly shape: readonly number[];
}

/**
 * The one input that a request has to have, with the number of its windows.
 * @throws ResiduaError INVALID_REQUEST, SHAPE_MISMATCH, TOO_MANY_WINDOWS.
 */
export function onlyInput<I extends InputHead>(
  inputs: readonly I[],
  limits: ScoreLimits,
): { readonly input: I; readonly datatype: InputDatatype; readonly count: number } {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0 || input.name !== INPUT_NAME) {
    const names = inputs.map(({ name }) => JSON.stringify(name)).join(", ");
    throw wrong(`The model has one input, ${INPUT_NAME}; the request has ${names || "none"}.`);
  }
  const { datatype } = input;
  if (datatype !== "FP32" && datatype !== "FP64") {
    throw wrong(`Input ${INPUT_NAME} has to be FP32 or FP64, not ${datatype}.`);
  }
  return { input, datatype, count: checkShape(input.shape, limits) };
}

function checkShape(
  shape: readonly number[],
  { model, timesteps, features, maxWindows }: ScoreLimits,
): number {
  const [count, rows, width] = shape;
  if (shape.length !== 3 || rows !== timesteps || width !== features) {
    throw new ResiduaError(
      "SHAPE_MISMATCH",
      `Input ${INPUT_NAME} has shape [${shape.join(", ")}]; ${model} takes [n, ${timesteps}, ${features}] (windows, timesteps, features).`,
    );
  }
  if (count === undefined || count < 1) throw wrong(`Input ${INPUT_NAME} has to hold at least one window.`);
  if (count > maxWindows) {
    throw new ResiduaError(
      "TOO_MANY_WINDOWS",
      `The request has ${count} windows; one may have up to ${maxWindows}.`,
    );
  }
  return count;
}

function readValues(
  input: Input,
  datatype: InputDatatype,
  length: number,
  binary: Uint8Array | undefined,
  arrays: Arrays,
): Float64Array {
  const size = input.parameters?.["binary_data_size"];
  if (size === undefined) {
    if (binary !== undefined && binary.length > 0) {
      throw wrong(
        `${binary.length} bytes follow the JSON and no input names them its own (binary_data_size).`,
      );
    }
    if (input.data === undefined) throw wrong(`Input ${INPUT_NAME} has neither data nor binary_data_size.`);
    return readTensorData(input.data, input.shape);
  }
  if (input.data !== undefined) throw wrong(`Input ${INPUT_NAME} has both data and binary_data_size.`);
  if (binary === undefined) {
    throw wrong("binary_data_size needs the header Inference-Header-Content-Length, the length of the JSON.");
  }
  const bytes = length * BYTES[datatype];
  if (size !== bytes || binary.length !== bytes) {
    throw wrong(
      `Input ${INPUT_NAME} takes ${bytes} bytes as ${datatype}; binary_data_size is ${String(size)} and ${binary.length} follow the JSON.`,
    );
  }
  return decodeReadings(binary, datatype, length, arrays);
}

/**
 * Reads little-endian numbers, which need not be aligned; NaN is a missing reading.
 * @throws ResiduaError INVALID_REQUEST where there are not `length` of them; NON_FINITE_VALUE.
 */
export function decodeReadings(
  bytes: Uint8Array,
  datatype: InputDatatype,
  length: number,
  arrays: Arrays,
): Float64Array {
  if (bytes.length !== length * BYTES[datatype]) {
    throw wrong(
      `Input ${INPUT_NAME} takes ${length * BYTES[datatype]} bytes as ${datatype}, not ${bytes.length}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = arrays.float64(length);
  if (datatype === "FP32") for (let i = 0; i < length; i++) values[i] = view.getFloat32(4 * i, true);
  else for (let i = 0; i < length; i++) values[i] = view.getFloat64(8 * i, true);
  refuseInfinite(values);
  return values;
}

function refuseInfinite(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
      throw nonFinite([{ path: `/inputs/0/data/${i}`, message: `is ${value}` }]);
    }
  }
}

function timeoutOf({ parameters }: InferRequest): number | undefined {
  const timeout = parameters?.["timeout"];
  return typeof timeout === "number" && timeout > 0 ? timeout / 1000 : undefined;
}

function wrong(sentence: string): ResiduaError {
  return new ResiduaError("INVALID_REQUEST", sentence);
}
