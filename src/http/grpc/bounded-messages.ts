/**
 * Refuses messages, before they are parsed, that would make millions of objects: beside the values of tensors, a message
 * has names, shapes and parameters only.
 */
import { ResiduaError } from "../../errors.js";
import { WITH_LENGTH, WireReader } from "./wire-reader.js";

/** Beside the values of tensors. */
export const MOST_OTHER_BYTES = 64 * 1024;
/** Inputs, outputs, parameters and raw contents, also empty ones. */
const MOST_FIELDS = 1000;

/** The fields of ModelInferRequest and of its tensors that hold values. */
const INPUTS = 5;
const RAW_INPUT_CONTENTS = 7;
const CONTENTS = 5;

/** What stands for a message that is refused: the library knows no other way to answer it. */
export class RefusedMessage {
  readonly error: ResiduaError;

  constructor(error: ResiduaError) {
    this.error = error;
  }
}

/** The reading of a message, unless it is refused. */
export function bounded<Message extends object>(
  deserialize: (bytes: Buffer) => Message,
  hasTensors: boolean,
): (bytes: Buffer) => Message | RefusedMessage {
  return (bytes) => {
    try {
      if (bytes.length > MOST_OTHER_BYTES) {
        const other = hasTensors ? otherBytes(bytes) : bytes.length;
        if (other > MOST_OTHER_BYTES) throw tooMuch();
      }
    } catch (error) {
      if (error instanceof ResiduaError) return new RefusedMessage(error);
      throw error;
    }
    return deserialize(bytes);
  };
}

/** The bytes of a ModelInferRequest without the values of tensors. */
function otherBytes(bytes: Uint8Array): number {
  const message = new WireReader(bytes);
  let other = bytes.length;
  let fields = 0;
  const count = (): void => {
    fields += 1;
    if (fields > MOST_FIELDS) throw tooMuch();
  };
  while (message.next()) {
    count();
    if (message.kind !== WITH_LENGTH) continue;
    if (message.field === RAW_INPUT_CONTENTS) other -= message.to - message.from;
    if (message.field !== INPUTS) continue;
    const tensor = new WireReader(bytes, message.from, message.to);
    while (tensor.next()) {
      count();
      if (tensor.field === CONTENTS && tensor.kind === WITH_LENGTH) other -= tensor.to - tensor.from;
    }
  }
  return other;
}

function tooMuch(): ResiduaError {
  return new ResiduaError(
    "BODY_TOO_LARGE",
    `Beside the values of its tensors, a message may have up to ${MOST_OTHER_BYTES} bytes, and ${MOST_FIELDS} fields.`,
  );
}
