/**
 * The thread that takes a Keras file apart. It has a limit on its memory, and `readKerasFile` ends it where it takes too
 * long: the libraries that read HDF5 and zip have no such limits, and a file may be made to make them run for ever.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InputError } from "../errors.js";
import { readArchive } from "./archive.js";
import { type Hdf5Contents, readHdf5 } from "./hdf5.js";
import { FILE_LIMIT, type ReaderAnswer } from "./reader-protocol.js";
import type { StoredModel } from "./stored-model.js";

const MOST_CONFIG_BYTES = 16 * 1024 * 1024;
const MEMBERS = new Map([
  ["config.json", MOST_CONFIG_BYTES],
  ["metadata.json", MOST_CONFIG_BYTES],
  ["model.weights.h5", FILE_LIMIT],
]);
const HDF5_SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const ZIP_SIGNATURE = Buffer.from("PK", "latin1");

async function readModel(bytes: Uint8Array): Promise<StoredModel> {
  if (startsWith(bytes, HDF5_SIGNATURE)) return readH5(bytes);
  if (startsWith(bytes, ZIP_SIGNATURE)) return readKeras(bytes);
  throw new InputError(
    'It is neither a .keras file (a zip archive) nor a .h5 file (HDF5); save the model with model.save("model.keras").',
  );
}

function readH5(bytes: Uint8Array): StoredModel {
  const { tensors, weightNames, texts } = takeApart(bytes);
  const config = texts.get("model_config");
  if (config === undefined) {
    throw new InputError(
      "It has weights and no model (no attribute model_config): save the whole model with model.save(...), not with save_weights(...).",
    );
  }
  return { form: "h5", kerasVersion: texts.get("keras_version"), config, tensors, weightNames };
}

async function readKeras(bytes: Uint8Array): Promise<StoredModel> {
  const members = await readArchive(bytes, MEMBERS);
  const member = (name: string): Uint8Array => {
    const found = members.get(name);
    if (found === undefined) throw new InputError(`The archive has no ${name}, so it is not a Keras model.`);
    return found;
  };
  const config = text(member("config.json"));
  const { tensors, weightNames } = takeApart(member("model.weights.h5"));
  const kerasVersion = versionOf(members.get("metadata.json"));
  return { form: "keras", kerasVersion, config, tensors, weightNames };
}

function versionOf(metadata: Uint8Array | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  const parsed: unknown = JSON.parse(text(metadata));
  const version =
    typeof parsed === "object" && parsed !== null && "keras_version" in parsed && parsed.keras_version;
  return typeof version === "string" ? version : undefined;
}

function takeApart(bytes: Uint8Array): Hdf5Contents {
  try {
    return readHdf5(bytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("Its HDF5 data are damaged, or of a kind that Keras does not write.");
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function startsWith(bytes: Uint8Array, signature: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, signature.length), signature) === 0;
}

let answer: ReaderAnswer;
try {
  answer = { model: await readModel(workerData as Uint8Array) };
} catch (error) {
  const refusal = error instanceof InputError ? error.message : "It is damaged.";
  answer = { refusal };
}
parentPort!.postMessage(answer);
