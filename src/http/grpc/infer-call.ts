/** ModelInfer: a message with the windows becomes readings, and the scored windows a message. */
import { ResiduaError } from "../../errors.js";
import type { Arrays } from "../../scoring/arrays.js";
import type { Client } from "../../serving/request-slices.js";
import type { WindowsResult } from "../../serving/score-result.js";
import type { ScoringService } from "../../serving/scoring-service.js";
import { Admission } from "../admission.js";
import { decodeReadings, onlyInput } from "../inference/infer-request.js";
import {
  type AnsweredTensor,
  type AskedOutput,
  answeredTensor,
  bytesOf,
  encodeTensor,
} from "../inference/infer-response.js";
import { chooseOutputs } from "../inference/outputs.js";
import type { LiveModels } from "../live-models.js";
import type { ScoreLimits } from "../score-request.js";
import type { RequestTrace } from "../tracing/request-trace.js";
import type { InferRequestMessage, InferResponseMessage, OutputTensorMessage } from "./messages.js";
import { contentsOf, numbersOf } from "./tensor-contents.js";

export interface InferServices {
  readonly models: LiveModels;
  readonly scoring: ScoringService;
}

/** Who waits for the answer to a call, and until when. */
export interface Caller extends Client {
  /** On the clock of `performance.now()`; undefined where the caller waits as long as it takes. */
  readonly deadlineAtMs: number | undefined;
  /** Undefined where no traces are asked for. */
  readonly trace: RequestTrace | undefined;
}

/**
 * Scores the windows of a message. Outputs come as raw bytes where the windows did, else as typed values.
 * @throws ResiduaError as the route `infer` of REST.
 */
export async function infer(
  services: InferServices,
  message: InferRequestMessage,
  caller: Caller,
): Promise<InferResponseMessage> {
  const version = message.model_version;
  const selection = version === "" ? {} : { version };
  const admission = Admission.admit(services, caller, message.model_name, selection);
  try {
    const { model, limits, arena, client } = admission;
    const { values, count } = readInput(message, limits, arena);
    caller.trace?.noteRead();
    const isRaw = message.raw_input_contents.length > 0;
    const asked = message.outputs.map(({ name }) => ({ name, isBinary: isRaw }));
    const outputs = chooseOutputs(model, { outputs: asked, isBinary: isRaw });
    const deadlineAtMs = earlier(caller.deadlineAtMs, timeoutAtMs(message));
    const result = await admission.whileScored(
      services.scoring.scoreWindows(model, {
        readings: values,
        count,
        scorer: undefined,
        threshold: undefined,
        deadlineAtMs,
        client,
        arrays: arena,
      }),
      deadlineAtMs,
    );
    caller.trace?.noteScored(result);
    return inferResponse(result, outputs, message.id, isRaw);
  } finally {
    admission.release();
  }
}

function readInput(message: InferRequestMessage, limits: ScoreLimits, arrays: Arrays) {
  const { input, datatype, count } = onlyInput(message.inputs, limits);
  const length = count * limits.timesteps * limits.features;
  const [raw, ...more] = message.raw_input_contents;
  if (more.length > 0) {
    throw wrong(`raw_input_contents has ${1 + more.length} entries for one input.`);
  }
  if (raw === undefined) {
    const typed = numbersOf(input.contents, datatype);
    if (typed.length === 0) {
      const member = `${datatype.toLowerCase()}_contents`;
      throw wrong(`Input ${input.name} is ${datatype} and has neither raw_input_contents nor ${member}.`);
    }
    return { values: decodeReadings(typed, datatype, length, arrays), count };
  }
  if (input.contents.length > 0) {
    throw wrong(`Input ${input.name} has contents as well as raw_input_contents; send one of them.`);
  }
  return { values: decodeReadings(raw, datatype, length, arrays), count };
}

function inferResponse(
  result: WindowsResult,
  outputs: readonly AskedOutput[],
  id: string,
  isRaw: boolean,
): InferResponseMessage {
  const tensors = outputs.map(({ tensor }) => answeredTensor(result, tensor));
  return {
    model_name: result.model.name,
    model_version: result.model.version,
    id,
    outputs: tensors.map((tensor) => outputMessage(tensor, isRaw)),
    raw_output_contents: isRaw ? tensors.map(rawContents) : [],
  };
}

function rawContents(tensor: AnsweredTensor): Buffer {
  const bytes = Buffer.allocUnsafe(bytesOf(tensor));
  encodeTensor(tensor, bytes);
  return bytes;
}

function outputMessage(tensor: AnsweredTensor, isRaw: boolean): OutputTensorMessage {
  const { name, datatype, shape } = tensor;
  if (isRaw) return { name, datatype, shape };
  return { name, datatype, shape, contents: contentsOf(datatype, rawContents(tensor)) };
}

/** The parameter `timeout` of NVIDIA's clients, in microseconds. */
function timeoutAtMs({ parameters }: InferRequestMessage): number | undefined {
  const timeout = parameters.findLast(({ key }) => key === "timeout")?.value;
  const micros = timeout?.int64_param ?? timeout?.uint64_param ?? timeout?.double_param ?? 0;
  return micros > 0 ? performance.now() + micros / 1000 : undefined;
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function wrong(sentence: string): ResiduaError {
  return new ResiduaError("INVALID_REQUEST", sentence);
}
