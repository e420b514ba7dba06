/**
 * Writes and reads tensors in the format of TF.js: `weightsManifest` in model.json, and weights.bin, little-endian
 * float32 without gaps.
 */
import { InputError } from "../errors.js";
import { array, object, text } from "./json-guards.js";
import { sizeOf } from "./shape.js";
import type { Tensor, Weights } from "./weights.js";

const WEIGHTS_FILE = "weights.bin";

/** Writes the tensors in the order of the map. */
export function packTensors(tensors: Weights): { weightsManifest: object[]; weightsBin: Uint8Array } {
  const specs = [...tensors].map(([name, { shape }]) => ({ name, shape: [...shape], dtype: "float32" }));
  const sizes = [...tensors.values()].map(({ data }) => data.length);
  const values = new Float32Array(sizes.reduce((total, size) => total + size, 0));
  let at = 0;
  for (const { data } of tensors.values()) {
    values.set(data, at);
    at += data.length;
  }
  return {
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }],
    weightsBin: new Uint8Array(values.buffer),
  };
}

/**
 * The tensors of weights.bin, by name. Shapes are compared with those of the network before anything is allocated.
 *
 * @param weightsManifest as parsed from model.json.
 * @throws InputError naming the weight, where there is one too many or too few, where a shape differs, or where
 * the file has another length.
 */
export function unpackTensors(
  weightsManifest: unknown,
  weightsBin: Uint8Array,
  shapes: ReadonlyMap<string, readonly number[]>,
): Map<string, Tensor> {
  const groups = array(weightsManifest, "weightsManifest");
  const group = object(groups[0], "weightsManifest[0]");
  const paths = array(group["paths"], "paths of weightsManifest");
  if (groups.length !== 1 || paths.length !== 1 || paths[0] !== WEIGHTS_FILE) {
    throw new InputError(`weightsManifest has to name ${WEIGHTS_FILE} alone.`);
  }
  const seen = new Set<string>();
  const names = array(group["weights"], "weights of weightsManifest").map((entry) => {
    const spec = object(entry, "A weight of weightsManifest");
    const name = spec["name"];
    const shape = typeof name === "string" ? shapes.get(name) : undefined;
    if (typeof name !== "string" || shape === undefined) {
      throw new InputError(`Weight ${text(name)} belongs to no layer of the network.`);
    }
    if (spec["dtype"] !== "float32" || spec["quantization"] !== undefined) {
      throw new InputError(`Weight "${name}" has to be plain float32.`);
    }
    const found = array(spec["shape"], `shape of weight "${name}"`);
    if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
      throw new InputError(
        `Weight "${name}" has shape [${found.map(text).join(", ")}], not [${shape.join(", ")}].`,
      );
    }
    if (seen.has(name)) throw new InputError(`Weight "${name}" is listed twice.`);
    seen.add(name);
    return name;
  });
  for (const name of shapes.keys()) {
    if (!seen.has(name)) throw new InputError(`Weight "${name}" is missing.`);
  }
  const size = (name: string): number => sizeOf(shapes.get(name)!);
  const bytes = 4 * names.reduce((total, name) => total + size(name), 0);
  if (weightsBin.byteLength !== bytes) {
    throw new InputError(`${WEIGHTS_FILE} has ${weightsBin.byteLength} bytes; its weights take ${bytes}.`);
  }
  let at = 0;
  return new Map(
    names.map((name) => {
      const data = new Float32Array(size(name));
      new Uint8Array(data.buffer).set(weightsBin.subarray(at, at + data.byteLength));
      at += data.byteLength;
      return [name, { shape: shapes.get(name)!, data }];
    }),
  );
}
