/** What a plan placed for inference consists of, and its operations as records. */
import { inputWidth, type Network } from "../../../network/network.js";
import { PLACE_INPUT, PLACE_OUTPUT } from "../plan/layout.js";
import { operationRecord, type ValueRecord, type Words } from "../plan/records.js";

/** A piece of memory that one value has, or several share. Its offset is set when the whole plan gets its memory. */
export interface Storage {
  /** One of the PLACE numbers. */
  readonly place: number;
  /** Bytes from the place's base. */
  offset: number;
}

/** What a layer reads or gives: `width` floats a row and step. */
export interface PlacedValue {
  readonly storage: Storage;
  readonly rowBytes: number;
  readonly stepBytes: number;
  /** `undefined` for a vector. */
  readonly steps: number | undefined;
  readonly width: number;
}

/** An operation as the words of its record, by their index (../plan/layout.ts). */
export interface PlacedOperation {
  /** OP_KIND. */
  readonly kind: number;
  readonly words: Words;
  /** By the index of their first word, such as OP_INPUT. */
  readonly values: Record<number, PlacedValue>;
  /** Words that are an address, or an offset in the scratch: those of these storages, once they have one. */
  readonly storages: Readonly<Record<number, Storage>>;
}

export interface Placement {
  readonly operations: readonly PlacedOperation[];
  /** What goes into memory once: packed weights and biases. */
  readonly constants: readonly { readonly storage: Storage; readonly data: Float32Array }[];
  /** What a worker writes to, each `rowBytes` for every row of a block. */
  readonly scratch: readonly { readonly storage: Storage; readonly rowBytes: number }[];
}

/** The words of one operation, once all storages have their offsets. */
export function placedRecord({ kind, words, values, storages }: PlacedOperation): Int32Array {
  const offsets = Object.entries(storages).map(([index, { offset }]) => [index, offset]);
  const records = Object.entries(values).map(([index, value]): [string, ValueRecord] => {
    const { storage, rowBytes, stepBytes, steps, width } = value;
    const { place, offset: data } = storage;
    return [index, { place, data, rowBytes, stepBytes, steps: steps ?? 1, width, gradient: 0 }];
  });
  return operationRecord(kind, { ...words, ...Object.fromEntries(offsets) }, Object.fromEntries(records));
}

/** The windows of a job: row after row, of which the encoder reads the first. */
export function inputOfJob(network: Network): PlacedValue {
  const { timesteps, inputSteps: steps } = network;
  const width = inputWidth(network);
  return {
    storage: { place: PLACE_INPUT, offset: 0 },
    rowBytes: timesteps * width * 4,
    stepBytes: width * 4,
    steps,
    width,
  };
}

/** Output `index` of a job: row after row, without gaps. */
export function outputOfJob(index: number, steps: number | undefined, width: number): PlacedValue {
  return {
    storage: { place: PLACE_OUTPUT + index, offset: 0 },
    rowBytes: (steps ?? 1) * width * 4,
    stepBytes: width * 4,
    steps,
    width,
  };
}

/** A constant that every row reads alike. */
export function constantValue(storage: Storage, width: number): PlacedValue {
  return { storage, rowBytes: 0, stepBytes: 0, steps: undefined, width };
}

/** Whether a dense layer's output was at most reshaped since, so that it can be written to its last place at once. */
export function sameBytes(made: PlacedValue, value: PlacedValue): boolean {
  return (
    made.storage === value.storage &&
    value.stepBytes !== 0 &&
    (made.steps ?? 1) * made.width === (value.steps ?? 1) * value.width
  );
}
