/**
 * Reads the tensors of a HDF5 file. The file may hold anything: jsfive throws strings, and has no limits, so this runs in
 * a thread that has some (reader-worker.ts), and whatever is thrown here means that the file is damaged.
 */
import { Dataset, File, Group } from "jsfive";
import { InputError } from "../errors.js";
import { MAX_PARAMETERS } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { StoredTensor, StoredWeights } from "./stored-model.js";

const MOST_OBJECTS = 20_000;
const MOST_LEVELS = 16;
/** Above this an array of jsfive becomes a hash table, which would take minutes. */
const MOST_VALUES_OF_TENSOR = 32_000_000;
/** Groups with the state of the optimizer, which is of no use without training. */
const OPTIMIZER = /^(optimizer|optimizer_weights|_?optimizer_.*)$/;
const FLOAT = /^[<>=|]?f[248]$/;

export interface Hdf5Contents extends StoredWeights {
  /** Attributes of the root that are text, such as `model_config`. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Reads a whole file. @throws InputError for one that is too large, and anything at all for one that is damaged. */
export function readHdf5(bytes: Uint8Array): Hdf5Contents {
  const { buffer, byteOffset, byteLength } = bytes;
  const file = new File(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  const tensors = new Map<string, StoredTensor>();
  const weightNames = new Map<string, readonly string[]>();
  let objects = 0;
  let values = 0;
  const visit = (group: Group, path: string, level: number): void => {
    if (level > MOST_LEVELS) throw new InputError(`Groups are nested more than ${MOST_LEVELS} deep.`);
    const names = textList(group.attrs["weight_names"]);
    if (names !== undefined) weightNames.set(path, names);
    for (const name of group.keys) {
      if (level === 0 && OPTIMIZER.test(name)) continue;
      if (++objects > MOST_OBJECTS) throw new InputError(`There are more than ${MOST_OBJECTS} objects.`);
      const member = group.get(name);
      const place = path === "" ? name : `${path}/${name}`;
      if (member instanceof Group) visit(member, place, level + 1);
      else if (member instanceof Dataset && FLOAT.test(String(member.dtype))) {
        const shape = shapeOf(member, place);
        values += sizeOf(shape);
        if (values > MAX_PARAMETERS) {
          throw new InputError(`There are more than ${MAX_PARAMETERS} weights.`);
        }
        tensors.set(place, { shape, data: numbersOf(member, sizeOf(shape), place) });
      }
    }
  };
  visit(file, "", 0);
  const texts = Object.entries(file.attrs).flatMap(([name, value]): [string, string][] => {
    const text = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
    return typeof text === "string" ? [[name, text]] : [];
  });
  return { tensors, weightNames, texts: new Map(texts) };
}

function shapeOf(dataset: Dataset, place: string): number[] {
  const { shape } = dataset;
  const isShape =
    Array.isArray(shape) &&
    shape.length <= 8 &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape) throw new InputError(`Tensor "${place}" has no shape.`);
  const sizes = shape as number[];
  if (sizeOf(sizes) > MOST_VALUES_OF_TENSOR) {
    throw new InputError(`Tensor "${place}" has more than ${MOST_VALUES_OF_TENSOR} values.`);
  }
  return sizes;
}

function numbersOf(dataset: Dataset, size: number, place: string): Float32Array {
  const { value } = dataset;
  if (!Array.isArray(value) || value.length !== size) {
    throw new InputError(`Tensor "${place}" does not have the ${size} values of its shape.`);
  }
  return Float32Array.from(value as unknown[], (number) =>
    typeof number === "number" ? number : Number.NaN,
  );
}

function textList(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((name) => typeof name === "string") ? (value as string[]) : undefined;
}
