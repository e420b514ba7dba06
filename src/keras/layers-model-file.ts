/** A layers model of TF.js (model.json and the files of weights beside it), in the form that Keras's own files are read in. */
import type { Hash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { array, type JsonObject, object, parseJson, text } from "../network/json-guards.js";
import { sizeOf } from "../network/shape.js";
import { FILE_LIMIT } from "./reader-protocol.js";
import type { StoredModel, StoredTensor } from "./stored-model.js";

/** The most bytes of model.json itself. */
const JSON_LIMIT = 64 * 1024 * 1024;
const MOST_FILES = 10_000;

/** Whether bytes begin as those of a model.json do. */
export function isLayersModel(bytes: Uint8Array): boolean {
  return /^\ufeff?\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/**
 * Reads a model that TF.js saved, or tensorflowjs_converter made of one of Keras.
 *
 * @param file its path: the files of weights lie in the same folder.
 * @param hash takes the bytes of the weights too.
 * @throws InputError where a file is missing or has another length than its weights, or weights are not plain float32.
 */
export async function readLayersModelFile(file: string, bytes: Uint8Array, hash: Hash): Promise<StoredModel> {
  if (bytes.length > JSON_LIMIT) {
    throw new InputError(`${file} has ${bytes.length} bytes; the most of a model.json is ${JSON_LIMIT}.`);
  }
  const json = object(parseJson(new TextDecoder().decode(bytes), file), file);
  if (json["format"] === "graph-model") {
    throw new InputError(
      `${file} is a graph model, which has no layers: convert it with --output_format=tfjs_layers_model, or import the model of Keras.`,
    );
  }
  const topology = object(json["modelTopology"], `modelTopology of ${file}`);
  const config = object(topology["model_config"] ?? topology, `model_config of ${file}`);
  const version = topology["keras_version"];
  const tensors = new Map<string, StoredTensor>();
  const weightNames = new Map<string, string[]>();
  const owners = ownersOf(config);
  for (const group of array(json["weightsManifest"], `weightsManifest of ${file}`)) {
    const { paths, weights } = object(group, "A group of weightsManifest");
    const data = await readWeights(dirname(file), paths, hash);
    let at = 0;
    for (const weight of array(weights, "weights of weightsManifest")) {
      const { name, shape } = readSpec(weight);
      const size = sizeOf(shape);
      if (at + 4 * size > data.length) {
        throw new InputError(`${file}: the files of weights end before those of ${text(name)}.`);
      }
      const values = new Float32Array(size);
      new Uint8Array(values.buffer).set(data.subarray(at, at + 4 * size));
      at += 4 * size;
      const owner = ownerOf(name, owners);
      if (owner === undefined) throw new InputError(`${file}: weight ${text(name)} belongs to no layer.`);
      const group = `model_weights/${owner}`;
      tensors.set(`${group}/${name}`, { shape, data: values });
      weightNames.set(group, [...(weightNames.get(group) ?? []), name]);
    }
    if (at !== data.length)
      throw new InputError(`${file}: the files of weights are longer than the weights.`);
  }
  return {
    form: "tfjs",
    kerasVersion: typeof version === "string" && /^\d/.test(version) ? version : undefined,
    config: JSON.stringify({ class_name: config["class_name"], config: config["config"] }),
    tensors,
    weightNames,
  };
}

async function readWeights(folder: string, paths: unknown, hash: Hash): Promise<Uint8Array> {
  const names = array(paths, "paths of weightsManifest");
  if (names.length > MOST_FILES)
    throw new InputError(`The weights are in ${names.length} files; the most is ${MOST_FILES}.`);
  const files: Uint8Array[] = [];
  let bytes = 0;
  for (const name of names) {
    // Nothing outside the model's folder is read.
    if (typeof name !== "string" || !/^[\w.-]+$/.test(name) || /^\.+$/.test(name)) {
      throw new InputError(
        `A file of weights has to lie beside model.json, and ${text(name)} is no name of one.`,
      );
    }
    const path = join(folder, name);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined)
      throw new InputError(`There is no file ${path}, which model.json names for its weights.`);
    bytes += size;
    if (bytes > FILE_LIMIT) throw new InputError(`The weights have more than ${FILE_LIMIT} bytes.`);
    const content = await readFile(path);
    hash.update(content);
    files.push(content);
  }
  return Buffer.concat(files);
}

function readSpec(weight: unknown): { name: string; shape: number[] } {
  const { name, shape, dtype, quantization } = object(weight, "A weight of weightsManifest");
  if (typeof name !== "string") throw new InputError("A weight of weightsManifest has no name.");
  if (dtype !== "float32" || quantization !== undefined) {
    throw new InputError(
      `Weight ${text(name)} has to be plain float32: save the model without quantization.`,
    );
  }
  const sizes = array(shape, `shape of weight ${text(name)}`).map((size) => {
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw new InputError(`The shape of weight ${text(name)} has ${text(size)}.`);
    }
    return size as number;
  });
  return { name, shape: sizes };
}

/** The outermost layer that a weight is of, by what its name begins with: its own name, or that of a layer within it. */
function ownersOf(model: JsonObject): Map<string, string> {
  const owners = new Map<string, string>();
  const walk = (config: unknown, top: string | undefined, level: number): void => {
    const layers = (config as JsonObject | null)?.["layers"] ?? config;
    if (!Array.isArray(layers) || level > 8) return;
    for (const layer of layers) {
      const { name, config: own } = (layer ?? {}) as JsonObject;
      const inner = (own as JsonObject | undefined)?.["layer"] as JsonObject | undefined;
      const names = [
        name,
        (own as JsonObject | undefined)?.["name"],
        (inner?.["config"] as JsonObject | undefined)?.["name"],
      ];
      const texts = names.filter((one) => typeof one === "string");
      const owner = top ?? texts[0];
      if (owner === undefined) continue;
      for (const one of texts)
        for (const side of ["", "forward_", "backward_"]) owners.set(`${side}${one}`, owner);
      walk(own, owner, level + 1);
    }
  };
  walk(model["config"], undefined, 0);
  return owners;
}

function ownerOf(weight: string, owners: ReadonlyMap<string, string>): string | undefined {
  for (let end = weight.lastIndexOf("/"); end > 0; end = weight.lastIndexOf("/", end - 1)) {
    const owner = owners.get(weight.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return undefined;
}
