/** The numbers of a tensor's JSON data: flat in row-major order, or nested as its shape says. */
import { ResiduaError } from "../../errors.js";
import { describe, invalid, NOT_FINITE, nonFinite } from "../json-body.js";
import { INPUT_NAME } from "./infer-schema.js";

const PATH = "/inputs/0/data";

/**
 * @param shape at least one dimension; nested data has its lengths at every level.
 * @returns row-major; NaN = null.
 * @throws ResiduaError INVALID_REQUEST, NON_FINITE_VALUE, with a JSON pointer.
 */
export function readTensorData(data: readonly unknown[], shape: readonly number[]): Float64Array {
  const values = new Float64Array(shape.reduce((product, length) => product * length, 1));
  if (Array.isArray(data[0])) readNested(data, { shape, values, at: 0 }, 0, PATH);
  else {
    if (data.length !== values.length) {
      const message = `has ${data.length} values, flat; its shape ${shapeText(shape)} takes ${values.length}`;
      throw wrong(PATH, message);
    }
    for (const [i, value] of data.entries()) values[i] = numberOf(value, () => `${PATH}/${i}`);
  }
  return values;
}

interface Reading {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Where the next value goes. */
  at: number;
}

function readNested(array: readonly unknown[], reading: Reading, level: number, path: string): void {
  const { shape, values } = reading;
  if (array.length !== shape[level]) {
    throw wrong(
      path,
      `has ${array.length} entries; nested as its shape ${shapeText(shape)} says it has ${shape[level]}`,
    );
  }
  const isInnermost = level === shape.length - 1;
  for (const [i, entry] of array.entries()) {
    if (isInnermost) values[reading.at++] = numberOf(entry, () => `${path}/${i}`);
    else if (Array.isArray(entry)) readNested(entry, reading, level + 1, `${path}/${i}`);
    else throw wrong(`${path}/${i}`, `must be an array, as the data is nested, not ${describe(entry)}`);
  }
}

function numberOf(value: unknown, path: () => string): number {
  if (value === null) return Number.NaN;
  if (typeof value !== "number") {
    throw invalid([{ path: path(), message: `must be a number or null, not ${describe(value)}` }]);
  }
  if (!Number.isFinite(value)) throw nonFinite([{ path: path(), message: NOT_FINITE }]);
  return value;
}

function wrong(path: string, message: string): ResiduaError {
  return new ResiduaError(
    "INVALID_REQUEST",
    `The data of input ${INPUT_NAME} does not fit: ${path} ${message}.`,
    {
      violations: [{ path, message }],
    },
  );
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
